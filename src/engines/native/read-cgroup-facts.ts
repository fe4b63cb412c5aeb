/** Reads the host's cgroup facts once, when the daemon starts. */
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CgroupFacts, parseCgroupMounts, parseOwnCgroup, v1Roots } from "./plan-cgroup-facts.ts";

export function readCgroupFacts(rootless: boolean): CgroupFacts {
  const mounts = parseCgroupMounts(text("/proc/self/mountinfo"));
  const roots = v1Roots(mounts);
  const none = { mode: "none", v1: {}, v2: null, files: new Set<string>(), cpuset: { cpus: "", mems: "" } } as const;
  if (roots.memory !== undefined || roots.pids !== undefined || roots.cpu !== undefined) {
    const used = Object.values(roots);
    if (!used.every(writable)) return { ...none, degraded: ["the v1 cgroups are not writable: no limits, no pause"] };
    const cpuset = roots.cpuset ?? "";
    return {
      mode: "v1",
      v1: roots,
      v2: null,
      files: new Set(used.flatMap((dir) => readdirSync(dir))),
      cpuset: { cpus: text(join(cpuset, "cpuset.cpus")).trim(), mems: text(join(cpuset, "cpuset.mems")).trim() },
      degraded: [],
    };
  }
  const unified = mounts.find(({ version }) => version === 2)?.mountPoint;
  if (unified === undefined) return { ...none, degraded: ["no cgroup file system is mounted: no limits, no pause"] };
  const base = rootless ? delegatedBase(unified) : unified;
  if (base === null || !writable(base)) {
    return { ...none, degraded: ["no cgroup is delegated to this user: no limits, no pause"] };
  }
  const available = text(join(base, "cgroup.controllers")).trim().split(/\s+/).filter(Boolean);
  const missing = ["cpu", "memory", "pids"].filter((name) => !available.includes(name));
  const degraded = missing.length > 0 ? [`controllers not delegated: ${missing.join(", ")}`] : [];
  return { ...none, mode: "v2", v2: { base, controllers: available }, degraded };
}

/** The nearest ancestor of our own cgroup that we may write; our own holds processes, so it cannot hand down controllers. */
function delegatedBase(unified: string): string | null {
  const own = parseOwnCgroup(text("/proc/self/cgroup"));
  if (own === null || own === "/") return null;
  const parent = join(unified, dirname(own));
  return parent !== unified && writable(parent) && writable(join(parent, "cgroup.procs")) ? parent : null;
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
