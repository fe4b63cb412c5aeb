/** What the daemon and those who start it must agree on. */

/** Exit code of a daemon that found another one on its home (EX_TEMPFAIL of sysexits.h). */
export const lostRaceExitCode = 75;
