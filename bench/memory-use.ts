/** Proportional and private memory of processes, as the kernel counts it. */
import { readdirSync, readFileSync } from "node:fs";

export type MemoryUse = { pssKb: number; privateKb: number; rssKb: number };
type Process = { pid: number; parent: number; name: string };

export function memoryOf(pid: number): MemoryUse {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
  return { pssKb: field("Pss"), privateKb: field("Private_Clean") + field("Private_Dirty"), rssKb: field("Rss") };
}

/** Of several; one that ends while we look counts nothing. */
export function memoryOfAll(pids: readonly number[]): MemoryUse {
  const sum = { pssKb: 0, privateKb: 0, rssKb: 0 };
  for (const pid of pids) {
    try {
      const one = memoryOf(pid);
      for (const key of ["pssKb", "privateKb", "rssKb"] as const) sum[key] += one[key];
    } catch {
      // It has ended.
    }
  }
  return sum;
}

/** The daemon's descendants by name: `hbx-zygote`, `hbx-shim`, `hbx-holder`, `hbx-init` (a spare's), and what containers run. */
export function familyOf(daemonPid: number): Map<string, number[]> {
  const children = Map.groupBy(processes(), ({ parent }) => parent);
  const family = new Map<string, number[]>([["daemon", [daemonPid]]]);
  const waiting = [daemonPid];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    for (const child of children.get(pid) ?? []) {
      family.set(child.name, [...(family.get(child.name) ?? []), child.pid]);
      waiting.push(child.pid);
    }
  }
  return family;
}

export function processes(): Process[] {
  const found: Process[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const text = readFileSync(`/proc/${name}/stat`, "latin1");
      const end = text.lastIndexOf(")");
      const parent = Number(text.slice(end + 2).split(" ")[1]);
      found.push({ pid: Number(name), parent, name: text.slice(text.indexOf("(") + 1, end) });
    } catch {
      // It has ended.
    }
  }
  return found;
}
