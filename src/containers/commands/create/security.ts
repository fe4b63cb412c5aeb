/** Privileges and namespaces. */
import { Failure } from "../../../cli/failure.ts";
import { invalid, parsePairs } from "../../../cli/parse-values.ts";
import type { FlagGroup } from "./body.ts";

const lists: [string, string, string][] = [
  ["cap-add", "CapAdd", "Add a capability"],
  ["cap-drop", "CapDrop", "Drop a capability"],
  ["group-add", "GroupAdd", "Add a group"],
  ["device-cgroup-rule", "DeviceCgroupRules", "Allow devices by rule (c 1:3 rmw)"],
];
const modes: [string, string, string][] = [
  ["pid", "PidMode", "PID namespace: host, container:NAME"],
  ["ipc", "IpcMode", "IPC namespace: private, shareable, none, host, container:NAME"],
  ["uts", "UTSMode", "UTS namespace: host"],
  ["userns", "UsernsMode", "User namespace: host, or one of its own"],
  ["cgroupns", "CgroupnsMode", "cgroup namespace: host, private"],
  ["runtime", "Runtime", "Isolation engine"],
];

export const security: FlagGroup = {
  flags: [
    ...lists.map(([name, , summary]) => ({ name, kind: "list" as const, summary })),
    ...modes.map(([name, , summary]) => ({ name, kind: "string" as const, summary })),
    { name: "privileged", kind: "bool", summary: "Give all privileges" },
    { name: "read-only", kind: "bool", summary: "Mount the root filesystem read-only" },
    { name: "security-opt", kind: "list", summary: "Security option (no-new-privileges, seccomp=FILE)" },
    { name: "sysctl", kind: "list", summary: "Set a kernel parameter of the container's namespaces" },
    { name: "device", kind: "list", summary: "Give a host device (/dev/x[:/dev/y[:rwm]])" },
    {
      name: "gpus",
      kind: "string",
      summary: "",
      refused: "GPU devices are not supported; give device nodes with --device",
    },
    {
      name: "isolation",
      kind: "string",
      summary: "",
      refused: "it exists on Windows only; --runtime chooses an engine",
    },
    {
      name: "disable-content-trust",
      kind: "bool",
      summary: "Signatures of images are not checked; asking for it (=false) is refused",
      hidden: true,
      default: "true",
    },
  ],
  async apply({ HostConfig: host }, flags) {
    if (flags.string("disable-content-trust") === "false") {
      throw new Failure("Cannot check the image's signature: content trust is not supported", { exitCode: 125 });
    }
    for (const [name, key] of lists) if (flags.has(name)) host[key] = flags.list(name);
    for (const [name, key] of modes) if (flags.has(name)) host[key] = flags.string(name);
    if (flags.has("privileged")) host["Privileged"] = flags.bool("privileged");
    if (flags.has("read-only")) host["ReadonlyRootfs"] = flags.bool("read-only");
    if (flags.has("sysctl")) host["Sysctls"] = parsePairs(flags.list("sysctl"));
    if (flags.has("device")) host["Devices"] = flags.list("device").map(parseDevice);
    const options: string[] = [];
    for (const option of flags.list("security-opt")) {
      if (option === "systempaths=unconfined") {
        host["MaskedPaths"] = [];
        host["ReadonlyPaths"] = [];
      } else options.push(await securityOption(option));
    }
    if (options.length > 0) host["SecurityOpt"] = options;
  },
};

/** A seccomp profile's file is read here: the daemon may not see our files. */
async function securityOption(option: string): Promise<string> {
  const match = /^seccomp[=:](.+)$/.exec(option);
  if (!match || match[1] === "unconfined" || match[1] === "builtin") return option;
  try {
    return `seccomp=${JSON.stringify(JSON.parse(await Bun.file(match[1] ?? "").text()))}`;
  } catch (error) {
    const why = error instanceof SyntaxError ? "it is not JSON" : "no such file, or not readable";
    throw new Failure(`Cannot use seccomp profile ${match[1]}: ${why}`, { exitCode: 125 });
  }
}

export function parseDevice(text: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const [onHost = "", second, third] = text.split(":");
  const isMode = (word: string | undefined) => word !== undefined && /^[rwm]{1,3}$/.test(word);
  if (!onHost.startsWith("/") || text.split(":").length > 3 || (third !== undefined && !isMode(third))) {
    throw invalid("device", text, "must be /dev/host[:/dev/container][:rwm]");
  }
  const inside = second === undefined || (third === undefined && isMode(second)) ? onHost : second;
  return {
    PathOnHost: onHost,
    PathInContainer: inside,
    CgroupPermissions: third ?? (isMode(second) ? second : undefined) ?? "rwm",
  };
}
