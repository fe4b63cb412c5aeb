/** Frames between the daemon and the native core. docs/protocol.md says what each means. */
import type { CgroupWrite, ProcessPlan, RunPlan, StdioPlan } from "./plan.ts";

export const protocolVersion = 1;
export const maxFrameBytes = 16 * 1024 * 1024;

/** The interface inside a namespace. */
export type GuestLink = {
  /** `eth0` */
  interface: string;
  /** Absent: the kernel's choice. */
  mac?: string;
  mtu: number;
  addresses: string[];
  /** Where the default routes lead; absent: none by this interface. */
  gateway?: string;
  gateway6?: string;
};

export type NetAttach =
  | ({ kind: "veth"; bridge: string; hostIf: string; isolated?: boolean } & GuestLink)
  | ({ kind: "macvlan" | "ipvlan"; parent: string; mode: string } & GuestLink);
export type NetPrepare = { kind: "host" } | { kind: "none" } | NetAttach;

export type PrepareFrame = {
  t: "prepare";
  id: string;
  controlSocket: string;
  cgroup: { dirs: string[]; writes: CgroupWrite[]; v2Dir?: string };
  net: NetPrepare;
  /** With a name service: it gets sockets of the new namespace. */
  names?: NamesPrepare;
  /** How long a client that does not read may hold output back; absent: a minute. */
  stallTimeoutMs?: number;
};
/** The name service's control socket, and the key under which it knows who asks. */
export type NamesPrepare = { socket: string; key: string };
export type PreparedFrame = { t: "prepared"; shimPid: number; holderPid: number };

/** A container's names on one network. `key` is that of its sockets. */
export type NamesMember = { key: string; names: string[]; addresses: string[]; pointer?: string };
/** Which networks a container's sockets see, in order; whether other names are asked of resolvers, and of which (none: the host's). */
export type NamesAsker = { key: string; networks: string[]; forward: boolean; upstreams?: string[] };
export type NamesRequest =
  | {
      t: "names";
      /** What was said before is forgotten. */
      fresh?: boolean;
      leave?: { network: string; key: string }[];
      join?: { network: string; member: NamesMember }[];
      askers?: NamesAsker[];
    }
  | { t: "state" };
export type StartFrame = { t: "start"; plan: RunPlan };
export type StartedFrame = { t: "started"; pid: number; startTimeNs: bigint | number; timings: Record<string, number> };
export type FailedFrame = { t: "failed"; seq?: number; step: string; errno: number; path?: string; message?: string };

/** How the container's init ended, as announced and as written to the exit file. */
export type Exit = { code: number; signal?: number; oomKilled: boolean; finishedAtNs: bigint | number; error?: string };

export type AttachOptions = { stdin: boolean; stdout: boolean; stderr: boolean; mux: boolean };

export type ControlRequest =
  | { t: "state" }
  | { t: "signal"; signo: number; execId?: string; all?: boolean }
  | { t: "resize"; rows: number; cols: number; execId?: string }
  | { t: "exec"; execId: string; process: ProcessPlan; stdio: StdioPlan; attach?: AttachOptions }
  | ({ t: "attach"; execId?: string } & AttachOptions)
  | { t: "update"; writes: CgroupWrite[] }
  | { t: "closeStdin"; execId?: string }
  | { t: "subscribe" };

export type ControlEvent =
  | { t: "exited"; exit: Exit }
  | { t: "execExited"; execId: string; exitCode: number }
  | { t: "oom" };

/** On a connection that began with `holdMounts`. */
export type HoldMountsFrame = { t: "mountImage"; path: string } | { t: "unmountImage"; fd: number };

/** A root filesystem for jobs: that of a running process, or layers assembled for the length of the job. */
export type RootRef = { mounts?: { source: string; target: string; readonly: boolean }[] } & (
  | { pid: number }
  | { lowers: readonly string[]; data?: readonly string[] | undefined; upper?: string; work?: string }
);

export type UnpackLimits = { maxBytes: number; maxEntries: number; maxRatio: number };

export type JobFrame =
  | {
      t: "unpack";
      source: { path: string } | { stream: true };
      dest: string;
      whiteouts: "overlay" | "none";
      expectedDigest?: string;
      limits: UnpackLimits;
      chownToSelf?: boolean;
      flat?: boolean;
    }
  | { t: "digestFile"; path: string }
  | { t: "tarFiles"; source: { path: string } | { stream: true }; wanted: readonly string[]; limits: UnpackLimits }
  | { t: "layerTar"; upper: string; out?: string; compression: "none" | "gzip" | "zstd" }
  | { t: "treeTar"; root: RootRef; path: string; rebase?: string; followTarget?: boolean }
  | {
      t: "putTar";
      root: RootRef;
      path: string;
      noOverwriteDirNonDir?: boolean;
      copyUidGid?: boolean;
      /** The container's configured user, for copyUidGid. */
      owner?: { uid: number; gid: number };
      readonlyPaths: string[];
    }
  | { t: "statPath"; root: RootRef; path: string }
  | { t: "diff"; upper: string; lowers: readonly string[] }
  | { t: "copyUp"; root: RootRef; path: string; dest: string }
  | { t: "usage"; path: string }
  | { t: "removeTree"; path: string; keepRoot?: boolean }
  | StoreJobFrame
  | ChunkJobFrame
  | { t: "network"; ops: NetOp[] }
  /** The job's process becomes the name service and outlives everybody here. */
  | { t: "nameService"; socket: string; resolvConf: string }
  /** Whether a port answers, asked from inside a process's namespace, or the daemon's. `done { errno, reply }`. */
  | {
      t: "reach";
      pid?: number;
      protocol: "tcp" | "udp";
      address: string;
      port: number;
      /** What is sent by UDP. */
      payload?: Uint8Array;
      timeoutMs: number;
    }
  | { t: "nameSockets"; pid: number; names: NamesPrepare }
  /** Frames `networkChanged { what, name }` for as long as the connection lives. */
  | { t: "watchNetwork"; table: string }
  | { t: "probe"; what: ProbeName };

type JobSource = { path: string } | { stream: true };

/** Jobs on content-defined chunks; docs/protocol.md says how they are packed. */
export type ChunkJobFrame =
  | { t: "chunkPut"; store: string; source: JobSource; expectedDigest?: string }
  | { t: "chunkCat"; store: string; digest: string; offset?: number; length?: number }
  | { t: "chunkCollect"; store: string; keep?: readonly string[] }
  | { t: "chunkList"; source: JobSource; limits: UnpackLimits }
  | { t: "chunkCopy"; source: JobSource; limits: UnpackLimits; out: string; pieces: Uint8Array };

/** Jobs on the store of files; docs/protocol.md says what lies where. Ids are `sha256:…`. */
export type StoreJobFrame =
  | {
      t: "layerIngest";
      store: string;
      source: { path: string; offset?: number; length?: number } | { stream: true };
      expectedDigest?: string;
      expectedDiffId?: string;
      limits: UnpackLimits;
      /** A new file that gets the bytes as they come. */
      blob?: string;
    }
  | { t: "tarCat"; store: string; diffId: string; out?: string; compression: "none" | "gzip" | "zstd" }
  /** Bottom first. `out` is the EROFS image, `out` + ".tree" its merged tree. */
  | { t: "imageCompose"; store: string; diffIds: readonly string[]; out: string }
  | { t: "treeDiff"; from: string; to: string }
  | { t: "storeVerify"; store: string; diffIds?: readonly string[]; content?: boolean; remove?: boolean }
  | { t: "storeUsage"; store: string; images: readonly (readonly string[])[] }
  | { t: "objectsCollect"; store: string; dryRun?: boolean };

export type ProbeName =
  | "overlay"
  | "overlayVolatile"
  | "overlayDataOnly"
  | "erofs"
  | "userns"
  | "idmappedMount"
  | "timens"
  | "cgroup2Delegation"
  | "seccomp"
  | "landlock"
  | "nftables"
  | "veth"
  | "macvlan"
  | "ipvlan"
  | "openat2"
  | "cloneIntoCgroup";

export type DefaultRoute = { interface: string; via?: string };

/** Link, address, route and nftables changes, in order; nftables ops of one frame are one transaction. */
export type NetOp =
  | { op: "bridge"; name: string; addresses: string[]; mtu: number }
  /** Makes a link a port of a bridge again. */
  | { op: "port"; link: string; bridge: string; isolated?: boolean; missingOk?: boolean }
  | { op: "linkDelete"; name: string; missingOk?: boolean }
  /** `path` is relative to /proc/sys and begins with `net/`. */
  | { op: "sysctl"; path: string; value: string; missingOk?: boolean }
  /** A further interface for the namespace `/proc/PID/ns/net`, which is in use. */
  | { op: "attach"; namespace: string; net: NetAttach }
  | { op: "detach"; namespace: string; interface: string }
  /** Absent: none of that family. */
  | { op: "defaultRoutes"; namespace: string; v4?: DefaultRoute; v6?: DefaultRoute }
  /** Our table with its chains; networks and published ports in it stay. */
  | { op: "nftTable"; table: string }
  | { op: "nftTableDelete"; table: string; missingOk?: boolean }
  | {
      op: "nftNetwork";
      table: string;
      bridge: string;
      subnets: string[];
      internal: boolean;
      icc: boolean;
      masquerade4: boolean;
      masquerade6: boolean;
    }
  | { op: "nftNetworkDelete"; table: string; bridge: string; subnets: string[] }
  | {
      op: "nftPublish";
      table: string;
      protocol: "tcp" | "udp" | "sctp";
      hostIp: string;
      hostPort: number;
      guestIp: string;
      guestPort: number;
    }
  | {
      op: "nftUnpublish";
      table: string;
      protocol: "tcp" | "udp" | "sctp";
      hostIp: string;
      hostPort: number;
      missingOk?: boolean;
    };
