/**
 * RunPlan: everything the native core needs to start one container, as plain data. It is made by pure functions and
 * executed in a straight line; the core decides nothing. The wire form is MessagePack of exactly these shapes
 * (docs/protocol.md); the Rust twin is native/protocol/src/plan.rs.
 */

export type CgroupWrite = { path: string; value: string; optional?: boolean };

/** Where a namespace comes from: a new one, the host's, or that of a running process (`/proc/PID/ns/X`). */
export type NamespaceSource = { kind: "new" } | { kind: "host" } | { kind: "join"; path: string };

export type IdMap = { containerId: number; hostId: number; size: number };

export type Namespaces = {
  pid: NamespaceSource;
  uts: NamespaceSource;
  ipc: NamespaceSource;
  cgroup: NamespaceSource;
  /** `prepared`: the holder's own namespace, made at `prepare`. */
  net: { kind: "prepared" } | { kind: "host" } | { kind: "join"; path: string };
  /** Absent: no user namespace of its own. */
  user?: { uidMap: IdMap[]; gidMap: IdMap[] };
  /** Absent: the host's clock. */
  time?: { monotonicOffsetSec: number; boottimeOffsetSec: number };
};

export type RootPlan = {
  /** Topmost first, as overlayfs wants them. */
  lowers: string[];
  /** Directories that only hold the contents which files of `lowers` refer to. */
  data?: string[];
  upper: string;
  work: string;
  volatile: boolean;
  readonly: boolean;
  /** Mount propagation of `/` in the container. */
  propagation: Propagation;
  /** Ids by which the lower layers are idmapped when a user namespace is used; absent: not idmapped. */
  idmap?: boolean;
};

export type Propagation = "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave";

/** One mount below the new root, done in order. `target` is a guest path, resolved with RESOLVE_IN_ROOT, made if missing. */
export type MountPlan =
  | {
      kind: "bind";
      source: string;
      /** The mount namespace in which `source` is found; absent: the host's. */
      namespace?: string;
      target: string;
      readonly: boolean;
      recursive: boolean;
      propagation: Propagation;
      /** Mount flags beside ro: nosuid, nodev, noexec. */
      flags: MountFlag[];
      /** The word a person knows this mount by, for error messages ("volume data"). */
      label: string;
    }
  | {
      kind: "tmpfs";
      target: string;
      data: string;
      readonly: boolean;
      flags: MountFlag[];
      copyUp: boolean;
      label: string;
    }
  | { kind: "proc" | "sysfs" | "mqueue" | "cgroup"; target: string; readonly: boolean; flags: MountFlag[] }
  | { kind: "devpts"; target: string; data: string; flags: MountFlag[] };

export type MountFlag = "nosuid" | "nodev" | "noexec" | "relatime" | "strictatime" | "noatime";

export type DeviceNode = {
  path: string;
  type: "c" | "b" | "p";
  major: number;
  minor: number;
  /** Permission bits, e.g. 0o666. */
  mode: number;
  uid: number;
  gid: number;
};

export type Rlimit = { resource: RlimitName; soft: number; hard: number }; // -1: unlimited
export type RlimitName =
  | "as"
  | "core"
  | "cpu"
  | "data"
  | "fsize"
  | "locks"
  | "memlock"
  | "msgqueue"
  | "nice"
  | "nofile"
  | "nproc"
  | "rss"
  | "rtprio"
  | "rttime"
  | "sigpending"
  | "stack";

/** Capabilities by kernel number (CAP_CHOWN = 0 …). */
export type CapabilitySets = {
  bounding: number[];
  effective: number[];
  permitted: number[];
  inheritable: number[];
  ambient: number[];
};

export type SeccompPlan = {
  /** An array of `struct sock_filter` (8 bytes each, native byte order). */
  program: Uint8Array;
  /** SECCOMP_FILTER_FLAG_* */
  flags: number;
};

export type ProcessPlan = {
  args: string[];
  /** `KEY=value`; HOME is added from the user database when missing. */
  env: string[];
  /** Guest path; made if missing when `createCwd`. */
  cwd: string;
  createCwd: boolean;
  /** As Docker takes it: "", "1000", "app", "app:staff", "1000:1000". Names are looked up in the container's /etc/passwd and /etc/group. */
  user: string;
  /** Added groups, names or numbers. */
  groups: string[];
  capabilities: CapabilitySets;
  noNewPrivileges: boolean;
  seccomp?: SeccompPlan;
  rlimits: Rlimit[];
  oomScoreAdj?: number;
  umask?: number;
};

export type StdioPlan = {
  tty: boolean;
  rows: number;
  cols: number;
  /** Keep a writable stdin; otherwise /dev/null. */
  openStdin: boolean;
  /** Close stdin when the first attached client's input ends. */
  stdinOnce: boolean;
};

export type LogPlan = { path: string; maxBytes: number; maxFiles: number } | null;

export type RunPlan = {
  version: 1;
  /** Container id, 64 hex digits. */
  id: string;
  exitFile: string;
  log: LogPlan;
  stdio: StdioPlan;
  namespaces: Namespaces;
  hostname: string;
  domainname: string;
  root: RootPlan;
  mounts: MountPlan[];
  devices: DeviceNode[];
  /** Symlinks to make in /dev: [target, path]. */
  symlinks: [string, string][];
  maskedPaths: string[];
  readonlyPaths: string[];
  sysctls: Record<string, string>;
  cgroup: {
    writes: CgroupWrite[];
    /** v2 only: an eBPF device program (array of 8-byte instructions), attached to the container's cgroup. */
    deviceProgram?: Uint8Array;
    /** v1 only: cgroup.event/oom_control directory to watch; v2 reads memory.events. */
    oomWatchDir?: string;
  };
  /** Run our reaping init as PID 1 and the process as its child. */
  init: boolean;
  process: ProcessPlan;
};
