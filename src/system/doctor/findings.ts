/** What was found on the host, as data: the table of checks is a pure function of it. */
import type { ProbeName } from "../../engines/index.ts";
import type { HostFacts } from "../host-facts.ts";

export type ProbeResult = { ok: boolean; detail: string };

/** A daemon in a user namespace: who started it, and whether it was given further ids. */
export type RootlessDaemon = { uid: number; subordinateIds: boolean };

export type Findings = {
  host: HostFacts;
  rootless: RootlessDaemon | null;
  user: string;
  /** Each kernel feature, tried. */
  probes: Readonly<Record<ProbeName, ProbeResult>>;
  /** Entries for our user in /etc/subuid and /etc/subgid: the number of ids. */
  subordinateIds: { uids: number; gids: number };
  newuidmap: boolean;
  /** Whether the host's programs find any name below `localhost`. */
  localhostNames: boolean;
  disk: { freeBytes: number; totalBytes: number; freeInodes: number; totalInodes: number; path: string };
};

export type CheckResult = {
  check: string;
  status: "ok" | "degraded" | "missing";
  /** What was seen. */
  detail: string;
  /** What to do; empty when ok. */
  advice: string;
};
