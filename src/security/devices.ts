/** Device nodes in /dev and the access list of the device cgroup. */
import type { DeviceNode } from "../engines/index.ts";
import { badDevice } from "./errors.ts";

/** What lstat/stat of a host path says, as far as devices matter. Injected: planners do no I/O. */
export type DeviceLookup = (hostPath: string) => DeviceNumbers | { directory: readonly string[] } | null;
export type DeviceNumbers = { type: "c" | "b"; major: number; minor: number; mode: number; uid: number; gid: number };

/** Null for major or minor: any. `access` holds some of r, w, m. */
export type DeviceRule = { type: "a" | "c" | "b"; major: number | null; minor: number | null; access: string };

const character = (path: string, major: number, minor: number): DeviceNode => ({
  path,
  type: "c",
  major,
  minor,
  mode: 0o666,
  uid: 0,
  gid: 0,
});

export const defaultDevices: readonly DeviceNode[] = [
  character("/dev/null", 1, 3),
  character("/dev/zero", 1, 5),
  character("/dev/full", 1, 7),
  character("/dev/random", 1, 8),
  character("/dev/urandom", 1, 9),
  character("/dev/tty", 5, 0),
];

const rule = (type: "c" | "b", major: number | null, minor: number | null, access: string): DeviceRule => ({
  type,
  major,
  minor,
  access,
});

/** mknod of anything, use of the default nodes, the console, ptmx and pseudo terminals. Everything else is denied. */
export const defaultDeviceRules: readonly DeviceRule[] = [
  rule("c", null, null, "m"),
  rule("b", null, null, "m"),
  ...defaultDevices.map(({ major, minor }) => rule("c", major, minor, "rwm")),
  rule("c", 5, 1, "rwm"),
  rule("c", 5, 2, "rwm"),
  rule("c", 136, null, "rwm"),
];

/** As the v1 device cgroup reads it. */
export function deviceRuleText({ type, major, minor, access }: DeviceRule): string {
  return `${type} ${major ?? "*"}:${minor ?? "*"} ${access}`;
}

/** `c 13:* rwm`, the form of `--device-cgroup-rule`. */
export function parseDeviceRule(text: string): DeviceRule {
  const match = /^([abc]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text.trim());
  if (!match) throw badDevice(`rule ${JSON.stringify(text)}`, 'it is not of the form "c 13:* rwm"');
  const number = (part: string | undefined) => (part === "*" ? null : Number(part));
  return {
    type: match[1] as DeviceRule["type"],
    major: number(match[2]),
    minor: number(match[3]),
    access: match[4] ?? "",
  };
}

export type DeviceRequest = { hostPath: string; guestPath: string; permissions: string };

/** One `--device`: a node, or every node below a directory. */
export function planDevice(request: DeviceRequest, lookup: DeviceLookup): { nodes: DeviceNode[]; rules: DeviceRule[] } {
  const access = request.permissions === "" ? "rwm" : request.permissions;
  if (!/^(?!.*(.).*\1)[rwm]{1,3}$/.test(access)) {
    throw badDevice(request.hostPath, `${JSON.stringify(access)} is not made of r, w and m`);
  }
  const found = lookup(request.hostPath);
  if (found === null) throw badDevice(request.hostPath, "there is no such device on the host");
  if (!("directory" in found)) return single(request.guestPath || request.hostPath, found, access);
  const nodes: DeviceNode[] = [];
  const rules: DeviceRule[] = [];
  for (const path of found.directory) {
    const inner = lookup(path);
    if (inner === null || "directory" in inner) continue;
    const guest = (request.guestPath || request.hostPath) + path.slice(request.hostPath.length);
    const planned = single(guest, inner, access);
    nodes.push(...planned.nodes);
    rules.push(...planned.rules);
  }
  if (nodes.length === 0) throw badDevice(request.hostPath, "the directory holds no devices");
  return { nodes, rules };
}

function single(path: string, found: DeviceNumbers, access: string): { nodes: DeviceNode[]; rules: DeviceRule[] } {
  const { type, major, minor, mode, uid, gid } = found;
  return {
    nodes: [{ path, type, major, minor, mode: mode & 0o777, uid, gid }],
    rules: [{ type, major, minor, access }],
  };
}
