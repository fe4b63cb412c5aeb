/** CPU time of the whole machine, which clients divide by. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

const nsPerTick = 10_000_000;

/** The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, in ticks of 10 ms. */
export function parseSystemCpu(stat: string): number {
  const fields = stat.slice(0, stat.indexOf("\n")).trim().split(/\s+/).slice(1, 8);
  return fields.reduce((sum, field) => sum + Number(field), 0) * nsPerTick;
}

export const readSystemCpu = (): number => parseSystemCpu(readFileSync("/proc/stat", "utf8"));
export const onlineCpus = (): number => cpus().length;
