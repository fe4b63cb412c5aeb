/** Counters for a container without cgroups: what its processes that live now have used, with that of children they buried. */
import { readdirSync, readlinkSync } from "node:fs";
import { readText } from "./counters.ts";

/** Kernel clock ticks to nanoseconds: USER_HZ is 100 on every Linux architecture we run on. */
const tickNs = 10_000_000;

export type ProcessTimes = { userNs: number; kernelNs: number };

/** Of /proc/PID/stat: own times, and those of children that were waited for. The name before may hold anything. */
export function parseTimes(stat: string): ProcessTimes {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = (at: number) => Number(fields[at - 3] ?? 0);
  return { userNs: (ticks(14) + ticks(16)) * tickNs, kernelNs: (ticks(15) + ticks(17)) * tickNs };
}

/** Shared pages count in parts (PSS). */
export const parsePss = (rollup: string): number => Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;

export function sumOfProcesses(pids: readonly number[]): ProcessTimes & { memoryBytes: number } {
  const sum = { userNs: 0, kernelNs: 0, memoryBytes: 0 };
  for (const pid of pids) {
    const { userNs, kernelNs } = parseTimes(readText(`/proc/${pid}/stat`));
    sum.userNs += userNs;
    sum.kernelNs += kernelNs;
    sum.memoryBytes += parsePss(readText(`/proc/${pid}/smaps_rollup`));
  }
  return sum;
}

/** Init first. Its pid namespace tells, where that is its own; else its children, all the way down. */
export function processesOf(init: number): number[] {
  const own = pidNamespace(init);
  if (own === null || own === pidNamespace("self") || !isFirst(init)) return descendants(init);
  const others = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== init && pidNamespace(pid) === own);
  return [init, ...others];
}

function pidNamespace(pid: number | "self"): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}

/** A container that joined another's pid namespace is not alone in it. */
const isFirst = (pid: number): boolean => /^NSpid:.*\t1$/m.test(readText(`/proc/${pid}/status`));

function descendants(init: number): number[] {
  const found = [init];
  for (let at = 0; at < found.length; at += 1) {
    const children = readText(`/proc/${found[at]}/task/${found[at]}/children`).trim();
    if (children !== "") found.push(...children.split(" ").map(Number));
  }
  return found;
}
