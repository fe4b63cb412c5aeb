/** A container as the daemon holds it in memory: what was asked, what is, and what it is connected to while it lives. */
import type { ContainerId } from "../../base/ids.ts";
import type { RuntimeRecord, Workload } from "../../engines/index.ts";
import type { PendingAttach } from "../attach/pending.ts";
import type { Exec } from "../exec/exec.ts";
import type { StartTimings } from "../run/start-timings.ts";
import type { Config } from "../schema/config.ts";
import type { HostConfig, PortMap } from "../schema/host-config.ts";
import type { Networking } from "../schema/networking.ts";
import type { MountPoint } from "./mount-point.ts";

export type Status = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

export type HealthResult = { startMs: number; endMs: number; exitCode: number; output: string };
export type HealthState = {
  status: "starting" | "healthy" | "unhealthy";
  failingStreak: number;
  /** The last five, oldest first. */
  log: HealthResult[];
};

/** Durable: what a later daemon must know. Times are ms since the epoch, 0 for never. */
export type State = {
  status: Status;
  pid: number;
  exitCode: number;
  error: string;
  oomKilled: boolean;
  startedAtMs: number;
  finishedAtMs: number;
  restartCount: number;
  /** A person stopped it: `unless-stopped` and the others leave it alone until it is started again. */
  manuallyStopped: boolean;
  health: HealthState | null;
  runtime: RuntimeRecord | null;
  /** Published ports as they really are, while it runs. */
  ports: PortMap;
};

export type WaitResult = { exitCode: number; error: string };

export type Container = {
  readonly id: ContainerId;
  name: string;
  readonly createdAtMs: number;
  readonly imageId: string;
  readonly config: Config;
  readonly hostConfig: HostConfig;
  readonly networking: Networking;
  readonly mounts: MountPoint[];
  readonly state: State;

  /** Whether there is a row in the database. */
  persisted: boolean;
  workload: Workload | null;
  /** Of the last start that this daemon made. */
  timings: StartTimings | null;
  /** Pending while a start or restart is under way, so that a second one and a stop wait for it. */
  starting: Promise<void> | null;
  restartTimer: Disposable | null;
  restartDelayMs: number;
  healthTimer: Disposable | null;
  /** Asked for by resize before the start. */
  size: { rows: number; cols: number } | null;
  readonly pendingAttaches: Set<PendingAttach>;
  readonly execs: Map<string, Exec>;
  readonly onExit: Set<(result: WaitResult) => void>;
  readonly onRemoved: Set<(result: WaitResult) => void>;
};

export function createState(): State {
  return {
    status: "created",
    pid: 0,
    exitCode: 0,
    error: "",
    oomKilled: false,
    startedAtMs: 0,
    finishedAtMs: 0,
    restartCount: 0,
    manuallyStopped: false,
    health: null,
    runtime: null,
    ports: {},
  };
}

export type ContainerRecord = Pick<
  Container,
  "id" | "name" | "createdAtMs" | "imageId" | "config" | "hostConfig" | "networking" | "mounts" | "state"
>;

export function createContainer(record: ContainerRecord): Container {
  return {
    ...record,
    persisted: false,
    workload: null,
    timings: null,
    starting: null,
    restartTimer: null,
    restartDelayMs: 0,
    healthTimer: null,
    size: null,
    pendingAttaches: new Set(),
    execs: new Map(),
    onExit: new Set(),
    onRemoved: new Set(),
  };
}

/** Has processes: running or paused. */
export function isAlive(container: Container): boolean {
  return container.workload !== null;
}

export function isRunning({ state }: Container): boolean {
  return state.status === "running" || state.status === "paused" || state.status === "restarting";
}
