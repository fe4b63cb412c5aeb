/** The native core's `{step, errno, path}` to an error that a person understands, with Docker's kinds and exit codes. */
import { EngineError, type ErrorKind } from "../../base/errors.ts";
import { errnoName, errnoText } from "./errno.ts";
import type { RunPlan } from "./plan.ts";
import type { FailedFrame } from "./protocol.ts";
import { type Sentence, storageSentence } from "./storage-sentences.ts";

type Failed = Omit<FailedFrame, "t" | "seq">;

const ENOENT = 2;
const EACCES = 13;
const ENOTDIR = 20;

/** `details.exitCode` is what `run` and `start` exit with: 127 not found, 126 not executable, 125 the engine failed. */
export function failureMessage(failed: Failed, plan?: RunPlan): EngineError {
  const { step, errno, path } = failed;
  const details = { step, errno, errnoName: errno === 0 ? null : errnoName(errno), path: path ?? null };
  if (step === "exec") return execFailure(failed, plan, details);
  const { action, hint, kind, state } = describe(failed, plan);
  return new EngineError({
    code: `native.${step}`,
    kind: kind ?? kindOf(errno),
    message: `Cannot ${action}: ${failed.message === undefined && state ? state : stateOf(failed, plan)}`,
    hint: hint ?? hintOf(errno),
    details: { ...details, exitCode: 125 },
  });
}

function execFailure(failed: Failed, plan: RunPlan | undefined, details: Record<string, unknown>): EngineError {
  const { errno, message, path } = failed;
  const program = path ?? plan?.process.args[0] ?? "the command";
  const missing = errno === ENOENT || errno === ENOTDIR;
  const text = message ?? (errno === 8 ? "it is not a program for this processor" : errnoText(errno));
  return new EngineError({
    code: missing ? "native.command_not_found" : "native.command_not_executable",
    // Docker answers 400 to a start whose command cannot be run.
    kind: errno === 12 || errno === 11 ? "resource_exhausted" : "invalid_argument",
    message: `Cannot run ${JSON.stringify(program)}: ${text}`,
    hint: missing ? "check the command's name and that the image contains it" : execHint(errno),
    details: { ...details, exitCode: missing ? 127 : 126 },
  });
}

const execHint = (errno: number): string | undefined =>
  errno === EACCES ? "it must be a file with execute permission for the container's user" : hintOf(errno);

type Description = Sentence & { kind?: ErrorKind };

function describe({ step, path, message, errno }: Failed, plan: RunPlan | undefined): Description {
  const at = path === undefined ? "" : ` ${path}`;
  const mount = plan?.mounts.find(({ target }) => target === path);
  const label = mount && "label" in mount ? mount.label : undefined;
  const sentences: Record<string, Description> = {
    mount: {
      action: label && label !== path ? `mount ${label} at ${path}` : `mount${at === "" ? " a file system" : at}`,
    },
    mount_source: {
      action: `mount ${message ?? path ?? "a volume"}`,
      ...(errno === ENOENT ? { hint: "the source must exist on the host", kind: "invalid_argument" as const } : {}),
    },
    mount_cgroup: { action: "mount the cgroup file system" },
    root: { action: "mount the container's root file system" },
    image_mount: { action: `mount the image${at}` },
    pivot_root: { action: "enter the container's root file system" },
    readonly_root: { action: "make the root file system read-only" },
    idmap: {
      action: `map the owner ids of${at}`,
      hint: "the file system must support idmapped mounts (kernel 5.19 or newer)",
    },
    device: { action: `make device${at}` },
    symlink: { action: `link${at}` },
    mask: { action: `hide${at}` },
    readonly_path: { action: `make${at} read-only` },
    sysctl: { action: `set sysctl${at}`, kind: "invalid_argument" },
    user: {
      action: `use user ${JSON.stringify(path ?? plan?.process.user ?? "")}`,
      kind: "invalid_argument",
      ...(errno === 0
        ? {}
        : { hint: "give the daemon's user ranges in /etc/subuid and /etc/subgid; `hbx doctor` says how" }),
    },
    cwd: { action: `enter working directory${at}`, kind: "invalid_argument" },
    rlimit: { action: `set ulimit${at}`, kind: "invalid_argument" },
    hostname: { action: "set the hostname", kind: "invalid_argument" },
    domainname: { action: "set the domain name", kind: "invalid_argument" },
    capabilities: { action: "set the capabilities" },
    seccomp: { action: "install the seccomp filter" },
    oom_score: { action: "set the OOM score", hint: "lowering it needs a privileged daemon" },
    cgroup: cgroupWrite(path, message),
    cgroup_write: cgroupWrite(path, message),
    cgroup_create: { action: `make cgroup${at}` },
    cgroup_attach: { action: `enter cgroup${at}` },
    oom_watch: { action: "watch for out-of-memory kills" },
    device_program: { action: "limit access to devices", hint: "the kernel must have CONFIG_CGROUP_BPF" },
    clone: { action: "create the container's process" },
    holder: { action: "prepare the container's process" },
    init_died: { action: "start the container" },
    user_namespace: { action: "make a user namespace", hint: "`hbx doctor` says whether this host allows it" },
    time_namespace: { action: "make a time namespace" },
    namespace_join: { action: `join namespace${at}`, hint: "the other container must be running", kind: "conflict" },
    log_open: { action: `open log${at}` },
    stdio: { action: "connect standard input and output" },
    tty: { action: "open a terminal" },
    control_socket: { action: `make socket${at}` },
    net_namespace: { action: "make a network namespace" },
    net_link_create: { action: `make network interface${at}` },
    net_link: { action: `set up network interface${at}` },
    net_address: { action: `give address${at}` },
    net_route: { action: `set route${at}` },
    net_bridge: { action: `set up bridge${at}` },
    nft_transaction: { action: "change the firewall" },
    dns_sockets: { action: "connect the container to the name service", hint: "`hbx daemon restart` starts a new one" },
    dns_redirect: { action: "redirect the container's name look-ups to the name service" },
    dns_table: { action: `make${at} known to the name service`, kind: "invalid_argument" },
    not_running: { action: "reach the container", kind: "conflict" },
    no_such_exec: { action: "find the exec", kind: "not_found" },
    exec_exists: { action: "start the exec", kind: "conflict" },
    signal: { action: "signal the container" },
    resize: { action: "resize the terminal" },
    attach: { action: "attach to the container" },
    protocol: { action: "speak with the native core" },
    hello: { action: "speak with the native core" },
    plan: { action: "use the container's plan" },
    mount_namespace: { action: "make a mount namespace" },
    parent_died: { action: "tie the process to its shim" },
    dumpable: { action: "protect the process while it is set up" },
    close_range: { action: "close the engine's files in the process" },
    session_keyring: { action: "make a keyring for the session", hint: "raise kernel.keys.maxkeys" },
    identity: { action: `become user${at}` },
    no_new_privileges: { action: "forbid new privileges" },
    init: { action: "start the init process" },
    probe: { action: "try a feature of the kernel" },
    net_socket: { action: "ask the kernel for network changes" },
    net_host: { action: "set up the host's side of the network" },
    net_guest: { action: "set up the container's side of the network" },
    net_link_delete: { action: `remove network interface${at}` },
    net_sysctl: { action: `set network setting${at}` },
  };
  return sentences[step] ?? storageSentence(step, at) ?? { action: `${step.replaceAll("_", " ")}${at}` };
}

/** `/sys/fs/cgroup/memory/…/memory.limit_in_bytes` → the limit's own name. */
function cgroupWrite(path: string | undefined, value: string | undefined): Description {
  const file = path?.slice(path.lastIndexOf("/") + 1) ?? "a limit";
  return { action: value === undefined ? `set ${file}` : `set ${file} to ${value}` };
}

/** `message` repeats the mount's name or the value written for some steps; it is part of the action there. */
const messageIsObject = new Set(["mount", "mount_source", "cgroup", "cgroup_write", "oom_score"]);

function stateOf({ step, errno, message, path }: Failed, plan: RunPlan | undefined): string {
  if (message !== undefined && !messageIsObject.has(step)) {
    return errno === 0 || message.includes(":") ? message : `${message} (${errnoText(errno)})`;
  }
  if (step === "mount" && message?.includes(": ")) return message.slice(message.indexOf(": ") + 2);
  if (step === "cgroup_write" && errno === 16) return "the container needs more than that already";
  const source = plan && step === "mount_source" && path !== undefined ? ` (${path})` : "";
  return errno === 0 ? "it failed" : `${errnoText(errno)}${source}`;
}

const kinds: Readonly<Record<number, ErrorKind>> = {
  1: "forbidden",
  2: "invalid_argument",
  11: "resource_exhausted",
  12: "resource_exhausted",
  13: "forbidden",
  16: "conflict",
  20: "invalid_argument",
  21: "invalid_argument",
  22: "invalid_argument",
  23: "resource_exhausted",
  24: "resource_exhausted",
  28: "resource_exhausted",
  34: "invalid_argument",
  38: "unsupported",
  40: "invalid_argument",
  87: "resource_exhausted",
  95: "unsupported",
  122: "resource_exhausted",
};

function kindOf(errno: number): ErrorKind {
  return kinds[errno] ?? "internal";
}

const hints: Readonly<Record<number, string>> = {
  1: "the daemon lacks the privilege; `hbx doctor` says what this host allows",
  11: "the host or a limit has no processes left",
  12: "free memory or raise the container's limit",
  23: "raise fs.file-max",
  24: "raise the daemon's open file limit",
  28: "free disk space or inodes: `hbx system prune`",
  38: "a newer kernel is needed",
  122: "raise the disk quota",
};

function hintOf(errno: number): string | undefined {
  return hints[errno];
}
