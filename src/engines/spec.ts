/**
 * WorkloadSpec: one container, engine-neutral and fully resolved. Nothing is looked up any more: images are layer
 * paths, volumes are host paths, defaults are filled in. Engines turn it into a plan of their own.
 */
import type { DeviceNode, IdMap, LogPlan, NamespaceSource, Propagation, StdioPlan } from "./native/plan.ts";

/** An image's files as overlayfs takes them. */
export type LayerStack = {
  /** Directories to lay over each other, topmost first. */
  lowers: readonly string[];
  /** Directories that only hold the contents which files of `lowers` refer to. */
  data?: readonly string[];
};

export type WorkloadSpec = {
  id: string;
  hostname: string;
  domainname: string;
  process: ProcessSpec;
  stdio: StdioPlan;
  /** Run a reaping init as PID 1. */
  init: boolean;
  root: LayerStack & { upper: string; work: string; volatile: boolean; readonly: boolean };
  mounts: readonly MountSpec[];
  shmSizeBytes: number;
  /** Host paths bound over the files in /etc. */
  etcFiles: { hosts: string; hostname: string; resolvConf: string };
  namespaces: {
    pid: NamespaceSource;
    ipc: NamespaceSource;
    uts: NamespaceSource;
    cgroup: NamespaceSource;
    /** Whether the network namespace is the claimed one, the host's, or another process's. */
    net: { kind: "prepared" } | { kind: "host" } | { kind: "join"; path: string };
    user?: { uidMap: IdMap[]; gidMap: IdMap[] };
  };
  security: SecuritySpec;
  sysctls: Readonly<Record<string, string>>;
  devices: readonly DeviceSpec[];
  deviceCgroupRules: readonly string[];
  ulimits: readonly { name: string; soft: number; hard: number }[];
  resources: Resources;
  log: LogPlan;
  exitFile: string;
};

export type ProcessSpec = {
  args: readonly string[];
  env: readonly string[];
  cwd: string;
  user: string;
  groups: readonly string[];
};

export type SecuritySpec = {
  privileged: boolean;
  capAdd: readonly string[];
  capDrop: readonly string[];
  noNewPrivileges: boolean;
  /** Docker's default, none, or a profile in Docker's JSON form. */
  seccomp: { kind: "default" } | { kind: "unconfined" } | { kind: "profile"; json: string };
  /** Null: Docker's default lists; an empty list masks nothing. */
  maskedPaths: readonly string[] | null;
  readonlyPaths: readonly string[] | null;
};

export type MountSpec =
  | {
      kind: "bind";
      source: string;
      target: string;
      readonly: boolean;
      recursive: boolean;
      propagation: Propagation;
      label: string;
    }
  | { kind: "tmpfs"; target: string; options: readonly string[]; readonly: boolean; copyUp: boolean };

export type DeviceSpec = { hostPath: string; guestPath: string; permissions: string } | DeviceNode;

/** Limits; absent means none. Sizes in bytes. */
export type Resources = {
  memory?: number;
  memoryReservation?: number;
  /** Memory plus swap; -1 is unlimited. */
  memorySwap?: number;
  memorySwappiness?: number;
  oomKillDisable?: boolean;
  nanoCpus?: number;
  cpuShares?: number;
  cpuQuotaUs?: number;
  cpuPeriodUs?: number;
  cpuRealtimePeriodUs?: number;
  cpuRealtimeRuntimeUs?: number;
  cpusetCpus?: string;
  cpusetMems?: string;
  pids?: number;
  blkioWeight?: number;
  blkioWeightDevice?: readonly { path: string; weight: number }[];
  blkioThrottle?: readonly { path: string; direction: "read" | "write"; unit: "bps" | "iops"; rate: number }[];
  hugetlb?: readonly { pageSize: string; limit: number }[];
  oomScoreAdj?: number;
};
