/**
 * The contract of an isolation engine. A start has two halves: `claim` takes what was made ahead (cgroup, network
 * namespace, shim), `Claim.start` turns it into a running workload. Everything after goes through `Workload`, which
 * outlives the daemon and is found again with `adopt`.
 */
import type { Duplex } from "node:stream";
import type { ProcessPlan, StdioPlan } from "./native/plan.ts";
import type { AttachOptions, Exit } from "./native/protocol.ts";
import type { Resources, SecuritySpec, WorkloadSpec } from "./spec.ts";

export type EngineName = "native" | "wasm" | "microvm" | `oci:${string}`;

export type Engine = {
  readonly name: EngineName;
  /** Whether this engine can run the workload, with the reason where it can't. Pure and cheap. */
  canRun(spec: WorkloadSpec): { ok: true } | { ok: false; reason: string };
  /** Limits that this host cannot hold, one sentence each: shown when a container is created or changed. */
  warnings(resources: Resources, security: Pick<SecuritySpec, "privileged" | "capAdd">): string[];
  /** Takes a prepared place to run. Must be started or abandoned. */
  claim(network: NetworkRequest, signal: AbortSignal): Promise<Claim>;
  /** Finds a workload started by an earlier daemon. `exited` when it ended meanwhile; `lost` when nothing is known of its end. */
  adopt(record: RuntimeRecord): Promise<Adoption>;
};

export type NetworkRequest =
  /** A network by its id. With wishes the place to run is made for this one start. */
  | { kind: "network"; network: string; wishes?: EndpointWishes }
  | { kind: "none" }
  | { kind: "host" }
  /** The network namespace of a running process. */
  | { kind: "join"; pid: number };

/** What a container wants its interface to have; absent: what is free. */
export type EndpointWishes = { address?: string; address6?: string; mac?: string; linkLocal?: string[] };

/** A workload's interface in one network. Texts are empty and numbers 0 where it has no such thing. */
export type Endpoint = {
  /** Name and id of the network. */
  network: string;
  networkId: string;
  interface: string;
  /** The other end, on the host; for kinds without one a name all the same, which holds the addresses. */
  hostInterface: string;
  mac: string;
  address: string;
  prefixLength: number;
  gateway: string;
  address6: string;
  prefixLength6: number;
  gateway6: string;
};

export type Adoption = { state: "running"; workload: Workload } | { state: "exited"; exit: Exit } | { state: "lost" };

/** Kept in the database while a workload runs, so that a later daemon can adopt it. Plain JSON. */
export type RuntimeRecord = {
  engine: EngineName;
  /** Id of the spare it was started from; names its cgroup, socket and interface. */
  runtimeId: string;
  controlSocket: string;
  exitFile: string;
  pid: number;
  shimPid: number;
  /** Sits in the cgroup to fork execs; not one of the workload's processes. */
  holderPid: number;
  startedAtMs: number;
  cgroupDirs: Record<string, string>;
  /** The claimed one first, then those that were connected later. Whoever connects changes this. */
  endpoints: Endpoint[];
};

export type Claim = {
  /** Absent for none, host and join. */
  readonly endpoint: Endpoint | null;
  /** Where further interfaces are made: `/proc/PID/ns/net` of a process that lives as long as the workload. */
  readonly namespace: string;
  /** Attaches before the start, so that not a byte is missed. */
  attach(options: AttachOptions, output?: Duplex): Promise<Duplex>;
  /** Throws an EngineError that says what failed; the claim is gone then. */
  start(spec: WorkloadSpec): Promise<Workload>;
  /** Gives the place back or destroys it. Idempotent. */
  abandon(): void;
};

export type Workload = {
  readonly record: RuntimeRecord;
  /** As the claim's. */
  readonly namespace: string;
  /** Duration of each start step in µs, as the core measured them. Empty after an adoption. */
  readonly timings: Readonly<Record<string, number>>;
  /** Resolves once, when the exit was persisted and announced; never rejects. A killed shim gives code 137 with `error`. */
  readonly exited: Promise<Exit>;
  /** Called for every OOM kill inside. */
  onOom(listener: () => void): Disposable;
  /** With `output` an engine may write output straight into that socket; the stream's end still tells when it is done. */
  attach(options: AttachOptions, output?: Duplex): Promise<Duplex>;
  signal(signo: number): Promise<void>;
  resize(size: { rows: number; cols: number }): Promise<void>;
  /** Starts a further process inside. */
  exec(
    execId: string,
    process: ProcessPlan,
    stdio: StdioPlan,
    attach: AttachOptions | null,
    output?: Duplex,
  ): Promise<ExecHandle>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Live change of limits. */
  update(resources: Resources): Promise<void>;
  /** Counters as the kernel has them now. */
  stats(): WorkloadStats;
  /** Host pids of every process inside, init first. */
  processes(): number[];
};

export type ExecHandle = {
  readonly pid: number;
  /** The exec's stdio when `attach` was asked for. */
  readonly stream: Duplex | null;
  readonly exited: Promise<number>;
  resize(size: { rows: number; cols: number }): Promise<void>;
};

/** Raw counters; times in nanoseconds, sizes in bytes. Absent controllers give zeros. */
export type WorkloadStats = {
  readAtMs: number;
  cpuTotalNs: number;
  cpuUserNs: number;
  cpuKernelNs: number;
  perCpuNs: number[];
  throttledPeriods: number;
  periods: number;
  throttledNs: number;
  memoryUsage: number;
  memoryMaxUsage: number;
  memoryLimit: number;
  memoryFailures: number;
  /** memory.stat as it stands: cache, rss, inactive_file, … */
  memoryStat: Record<string, number>;
  pidsCurrent: number;
  pidsLimit: number;
  blkio: { major: number; minor: number; op: "read" | "write"; bytes: number; operations: number }[];
  networks: Record<
    string,
    {
      rxBytes: number;
      rxPackets: number;
      rxErrors: number;
      rxDropped: number;
      txBytes: number;
      txPackets: number;
      txErrors: number;
      txDropped: number;
    }
  >;
};
