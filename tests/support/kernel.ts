/**
 * What the kernel and the disk hold that an engine could leak. Objects that bear another home's tag are left out, so that two
 * engines on one machine do not disturb each other's tests.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

export type KernelSnapshot = Record<string, string[]>;

export const tagOf = (home: string): string => createHash("sha256").update(home).digest("hex").slice(0, 8);

/** Objects without any tag are in the snapshot whoever made them: a leak of an unnamed one is seen too. */
export function kernelSnapshot(home: string): KernelSnapshot {
  const tag = tagOf(home);
  const foreign = (name: string): boolean => {
    const found = /^(?:hbx_?|hv|hyperbox-)([0-9a-f]{8})/.exec(name)?.[1];
    return found !== undefined && found !== tag;
  };
  const mounts = lines(readFileSync("/proc/self/mountinfo", "utf8")).map((line) => line.split(" ")[4] ?? "");
  const links = output("ip", "-o", "link").map((line) => (line.split(": ")[1] ?? "").split("@")[0] ?? "");
  const tables = output("nft", "list", "tables").filter((line) => !foreign(line.split(" ").at(-1) ?? ""));
  return {
    mounts: mounts.filter((path) => path.startsWith(home) || !path.startsWith("/tmp/")).sort(),
    links: links.filter((name) => !foreign(name)).sort(),
    netns: output("ip", "netns"),
    nft: tables.sort(),
    cgroups: cgroupsOf(tag),
    processes: processesOf(home).map(({ pid, name }) => `${pid} ${name}`),
  };
}

/** Waits until the kernel has buried what was ended, at most five seconds; answers the last snapshot. */
export async function settledSnapshot(home: string, before: KernelSnapshot): Promise<KernelSnapshot> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const now = kernelSnapshot(home);
    if (Bun.deepEquals(now, before) || Date.now() > deadline) return now;
    await Bun.sleep(20);
  }
}

/** Every process that runs the core for this home or lives in a cgroup of it. */
export function processesOf(home: string): { pid: number; name: string; inCgroup: boolean }[] {
  const tag = `hyperbox-${tagOf(home)}`;
  const found: { pid: number; name: string; inCgroup: boolean }[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const inCgroup = read(`/proc/${entry}/cgroup`).includes(`${tag}/`);
    const arguments_ = read(`/proc/${entry}/cmdline`);
    const ours = arguments_.includes("hbx-core") && arguments_.includes(`${home}/`);
    if (!inCgroup && !ours) continue;
    found.push({ pid: Number(entry), name: read(`/proc/${entry}/comm`).trim(), inCgroup });
  }
  return found;
}

/** Namespaces of one kind that these processes are in. */
export function namespacesOf(home: string, kind: string): Set<string> {
  const found = new Set<string>();
  for (const { pid } of processesOf(home)) {
    try {
      found.add(readlinkSync(`/proc/${pid}/ns/${kind}`));
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

function cgroupsOf(tag: string): string[] {
  const found: string[] = [];
  for (const controller of list("/sys/fs/cgroup")) {
    for (const name of list(join("/sys/fs/cgroup", controller))) {
      if (name.includes(`hyperbox-${tag}`)) found.push(join("/sys/fs/cgroup", controller, name));
    }
    if (controller.includes(`hyperbox-${tag}`)) found.push(join("/sys/fs/cgroup", controller));
  }
  return found.sort();
}

const lines = (text: string): string[] => text.split("\n").filter(Boolean);
const output = (command: string, ...args: string[]): string[] =>
  lines(spawnSync(command, args, { encoding: "utf8" }).stdout ?? "");

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
