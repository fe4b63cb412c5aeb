/** The container's mount table: Docker's default mounts, the files in /etc, then what was asked for, parents first. */
import { invalidArgument } from "../../base/errors.ts";
import type { MountSpec, WorkloadSpec } from "../spec.ts";
import type { MountFlag, MountPlan } from "./plan.ts";

export type MountFacts = {
  /** False when no cgroup can be shown. */
  cgroups: boolean;
  /** The daemon has one id only, so group 5 (tty) does not exist for it. */
  singleId: boolean;
  /** The daemon runs without privileges: what shows a namespace of the host cannot be mounted, only bound. */
  rootless: boolean;
  /** The host has its message queues mounted at /dev/mqueue. */
  hostQueues: boolean;
};

const quiet: MountFlag[] = ["nosuid", "noexec", "nodev"];

export function planMounts(spec: WorkloadSpec, facts: MountFacts): MountPlan[] {
  const asked = byDepth(spec.mounts);
  const taken = new Set(asked.map(({ target }) => clean(target)));
  if (taken.has("/")) throw invalidArgument("engine.mount", "Cannot mount over /: it is the container's root");
  const base = [...defaultMounts(spec, facts), ...etcFiles(spec)];
  return [...base.filter(({ target }) => !taken.has(target)), ...asked.map(planMount)];
}

function defaultMounts(spec: WorkloadSpec, { cgroups, singleId, rootless, hostQueues }: MountFacts): MountPlan[] {
  const { privileged } = spec.security;
  const { ipc, net, pid } = spec.namespaces;
  const inUserNamespace = rootless || spec.namespaces.user !== undefined;
  const readonly = !privileged;
  const mounts: MountPlan[] = [
    inUserNamespace && pid.kind === "host"
      ? hostBind("/proc", false, quiet)
      : { kind: "proc", target: "/proc", readonly: false, flags: quiet },
    {
      kind: "tmpfs",
      target: "/dev",
      data: "mode=755,size=65536k",
      readonly: false,
      flags: ["nosuid", "strictatime"],
      copyUp: false,
      label: "/dev",
    },
    {
      kind: "devpts",
      target: "/dev/pts",
      data: `newinstance,ptmxmode=0666,mode=0620${singleId ? "" : ",gid=5"}`,
      flags: ["nosuid", "noexec"],
    },
    // The kernel shows sysfs only to the owner of the network namespace.
    inUserNamespace && net.kind === "host"
      ? hostBind("/sys", readonly, quiet)
      : { kind: "sysfs", target: "/sys", readonly, flags: quiet },
  ];
  if (cgroups) mounts.push({ kind: "cgroup", target: "/sys/fs/cgroup", readonly, flags: quiet });
  const queues: MountPlan = { kind: "mqueue", target: "/dev/mqueue", readonly: false, flags: quiet };
  if (ipc.kind === "host") {
    if (!inUserNamespace) mounts.push(queues);
    else if (hostQueues) mounts.push(hostBind("/dev/mqueue", false, quiet));
    return [...mounts, hostBind("/dev/shm", false, quiet)];
  }
  mounts.push(queues);
  if (ipc.kind === "join") {
    // Shared memory by name is files: those of the container whose System V objects are shared.
    const other = { source: "/dev/shm", namespace: ipc.path.replace(/ipc$/, "mnt"), label: "the other's /dev/shm" };
    mounts.push({ ...hostBind("/dev/shm", false, quiet), ...other, recursive: false, propagation: "rprivate" });
    return mounts;
  }
  if (spec.shmSizeBytes > 0) {
    const data = `mode=1777,size=${spec.shmSizeBytes}`;
    mounts.push({
      kind: "tmpfs",
      target: "/dev/shm",
      data,
      readonly: false,
      flags: quiet,
      copyUp: false,
      label: "/dev/shm",
    });
  }
  return mounts;
}

function hostBind(path: string, readonly: boolean, flags: MountFlag[]): Extract<MountPlan, { kind: "bind" }> {
  return {
    kind: "bind",
    source: path,
    target: path,
    readonly,
    recursive: true,
    propagation: "rslave",
    flags,
    label: `the host's ${path}`,
  };
}

function etcFiles({ etcFiles: files, root }: WorkloadSpec): MountPlan[] {
  const pairs: [string, string][] = [
    [files.resolvConf, "/etc/resolv.conf"],
    [files.hostname, "/etc/hostname"],
    [files.hosts, "/etc/hosts"],
  ];
  return pairs
    .filter(([source]) => source !== "")
    .map(([source, target]) => ({
      kind: "bind" as const,
      source,
      target,
      readonly: root.readonly,
      recursive: true,
      propagation: "rprivate" as const,
      flags: [],
      label: target,
    }));
}

function planMount(mount: MountSpec): MountPlan {
  const target = clean(mount.target);
  if (mount.kind === "tmpfs") return planTmpfs(mount, target);
  const { source, readonly, recursive, propagation, label } = mount;
  return { kind: "bind", source, target, readonly, recursive, propagation, flags: [], label };
}

const mountFlags: readonly MountFlag[] = ["nosuid", "nodev", "noexec", "relatime", "strictatime", "noatime"];
/** What the flags above cancel. */
const opposites: Readonly<Record<string, MountFlag>> = { suid: "nosuid", dev: "nodev", exec: "noexec" };
const tmpfsData = /^(size|nr_blocks|nr_inodes|mode|uid|gid|mpol|huge)=[A-Za-z0-9%:._-]+$/;

/** Docker's tmpfs is nosuid, nodev and noexec unless the options say otherwise. */
function planTmpfs(mount: Extract<MountSpec, { kind: "tmpfs" }>, target: string): MountPlan {
  const flags = new Set<MountFlag>(["nosuid", "nodev", "noexec"]);
  const data: string[] = [];
  let readonly = mount.readonly;
  for (const option of mount.options.filter((text) => text !== "")) {
    const flag = mountFlags.find((known) => known === option);
    const opposite = opposites[option];
    if (flag) flags.add(flag);
    else if (opposite) flags.delete(opposite);
    else if (option === "ro" || option === "rw") readonly = option === "ro";
    else if (tmpfsData.test(option)) data.push(option);
    else
      throw invalidArgument(
        "engine.tmpfs",
        `Cannot mount tmpfs at ${target}: ${JSON.stringify(option)} is not an option of it`,
      );
  }
  const label = `tmpfs ${target}`;
  return { kind: "tmpfs", target, data: data.join(","), readonly, flags: [...flags], copyUp: mount.copyUp, label };
}

/** Parents before children; equals in the order given. */
function byDepth(mounts: readonly MountSpec[]): MountSpec[] {
  if (mounts.length < 2) return [...mounts];
  const depth = ({ target }: MountSpec) => clean(target).split("/").length;
  return mounts.toSorted((a, b) => depth(a) - depth(b));
}

/** Without doubled and trailing slashes, `.` and `..`. */
export function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
