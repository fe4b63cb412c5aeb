/** Limits as writes to a v2 cgroup, with Docker's v1-flavoured options converted. */
import type { CgroupWrite } from "./plan.ts";
import {
  type CgroupChange,
  cpuBandwidth,
  defaultPeriodUs,
  deviceNumber,
  hasController,
  memoryAndSwap,
} from "./plan-cgroup-limits.ts";

export function v2Writes({ dirs, facts, resources: r, lookup, fresh }: CgroupChange): CgroupWrite[] {
  const dir = dirs["unified"];
  if (dir === undefined) return [];
  const writes: CgroupWrite[] = [];
  const put = (file: string, value: string | number) => writes.push({ path: `${dir}/${file}`, value: String(value) });
  if (hasController(facts, "memory")) {
    const swap = memoryAndSwap(r);
    const withoutMemory = swap !== null && swap > 0 && r.memory ? swap - r.memory : null;
    if (r.memory) put("memory.max", r.memory > 0 ? r.memory : "max");
    if (withoutMemory !== null) put("memory.swap.max", withoutMemory);
    else if (swap === -1 && !fresh) put("memory.swap.max", "max");
    if (r.memoryReservation) put("memory.low", r.memoryReservation);
  }
  if (hasController(facts, "cpu")) {
    if (r.cpuShares) put("cpu.weight", cpuWeight(r.cpuShares));
    const { quotaUs, periodUs } = cpuBandwidth(r);
    if (quotaUs !== null || periodUs !== null) {
      put("cpu.max", `${quotaUs === null || quotaUs < 0 ? "max" : quotaUs} ${periodUs ?? defaultPeriodUs}`);
    }
  }
  if (hasController(facts, "cpuset")) {
    if (r.cpusetCpus) put("cpuset.cpus", r.cpusetCpus);
    if (r.cpusetMems) put("cpuset.mems", r.cpusetMems);
  }
  if (hasController(facts, "pids") && r.pids !== undefined && (r.pids > 0 || !fresh)) {
    put("pids.max", r.pids > 0 ? r.pids : "max");
  }
  if (hasController(facts, "blkio")) {
    if (r.blkioWeight) put("io.weight", `default ${ioWeight(r.blkioWeight)}`);
    for (const { path, weight } of r.blkioWeightDevice ?? []) {
      put("io.weight", `${deviceNumber(path, lookup)} ${ioWeight(weight)}`);
    }
    for (const { path, direction, unit, rate } of r.blkioThrottle ?? []) {
      const key = `${direction === "read" ? "r" : "w"}${unit}`;
      put("io.max", `${deviceNumber(path, lookup)} ${key}=${rate > 0 ? rate : "max"}`);
    }
  }
  if (hasController(facts, "hugetlb")) {
    for (const { pageSize, limit } of r.hugetlb ?? []) put(`hugetlb.${pageSize}.max`, limit);
  }
  return writes;
}

/**
 * cpu.shares (2…262144) to cpu.weight (1…10000) so that both defaults (1024 and 100) and both ends meet: a quadratic in
 * log2, the conversion that runc and crun have used since 2025. The linear one before it turned 1024 into 39.
 */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** blkio.weight (10…1000) to io.weight (1…10000), linearly, as runc does. */
export function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}
