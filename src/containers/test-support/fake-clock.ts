/** A clock that moves when told. */
import type { Clock } from "../dependencies.ts";

export type FakeClock = Clock & {
  /** Moves on, calling what falls due in order. */
  advance(ms: number): void;
  readonly pending: number;
};

export function createFakeClock(startMs = 1_700_000_000_000): FakeClock {
  let now = startMs;
  const timers = new Set<{ at: number; work: () => void }>();
  return {
    nowMs: () => now,
    after(delayMs, work) {
      const timer = { at: now + delayMs, work };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers.delete(due);
        now = Math.max(now, due.at);
        due.work();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}
