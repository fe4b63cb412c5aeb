/** Limits as writes to the v1 hierarchies. Controllers that the host lacks were warned of before. */
import type { CgroupWrite } from "./plan.ts";
import {
  blkioWeightFile,
  type CgroupChange,
  cpuBandwidth,
  defaultPeriodUs,
  deviceNumber,
  hasSwapLimit,
  memoryAndSwap,
} from "./plan-cgroup-limits.ts";

export function v1Writes(change: CgroupChange): CgroupWrite[] {
  const { dirs } = change;
  const writes: CgroupWrite[] = [];
  const put: Put = (controller, file, value) => {
    const dir = dirs[controller];
    if (dir !== undefined) writes.push({ path: `${dir}/${file}`, value: String(value) });
  };
  memory(change, put);
  cpu(change, put);
  const { resources: r } = change;
  if (r.cpusetCpus) put("cpuset", "cpuset.cpus", r.cpusetCpus);
  if (r.cpusetMems) put("cpuset", "cpuset.mems", r.cpusetMems);
  // Our holder sits in the cgroup too.
  if (r.pids && r.pids > 0) put("pids", "pids.max", r.pids + 1);
  else if (r.pids !== undefined && !change.fresh) put("pids", "pids.max", "max");
  blkio(change, put);
  for (const { pageSize, limit } of r.hugetlb ?? []) put("hugetlb", `hugetlb.${pageSize}.limit_in_bytes`, limit);
  return writes;
}

type Put = (controller: string, file: string, value: string | number) => void;

/** The kernel wants memory ≤ memory+swap at every moment; a change opens the latter first. */
function memory({ resources: r, facts, fresh }: CgroupChange, put: Put): void {
  const swap = hasSwapLimit(facts) ? memoryAndSwap(r) : null;
  if (!fresh && r.memory && swap !== null) put("memory", "memory.memsw.limit_in_bytes", -1);
  if (r.memory) put("memory", "memory.limit_in_bytes", r.memory);
  if (swap !== null && !(fresh && swap === -1)) put("memory", "memory.memsw.limit_in_bytes", swap);
  if (r.memoryReservation) put("memory", "memory.soft_limit_in_bytes", r.memoryReservation);
  if (r.memorySwappiness !== undefined && r.memorySwappiness >= 0)
    put("memory", "memory.swappiness", r.memorySwappiness);
  if (r.oomKillDisable) put("memory", "memory.oom_control", 1);
}

function cpu({ resources: r, fresh }: CgroupChange, put: Put): void {
  if (r.cpuShares) put("cpu", "cpu.shares", Math.max(2, r.cpuShares));
  const { quotaUs, periodUs } = cpuBandwidth(r);
  if (periodUs !== null && !(fresh && periodUs === defaultPeriodUs)) put("cpu", "cpu.cfs_period_us", periodUs);
  if (quotaUs !== null) put("cpu", "cpu.cfs_quota_us", quotaUs);
  if (r.cpuRealtimePeriodUs) put("cpu", "cpu.rt_period_us", r.cpuRealtimePeriodUs);
  if (r.cpuRealtimeRuntimeUs) put("cpu", "cpu.rt_runtime_us", r.cpuRealtimeRuntimeUs);
}

function blkio({ resources: r, facts, lookup }: CgroupChange, put: Put): void {
  const weight = blkioWeightFile(facts);
  if (weight !== null) {
    if (r.blkioWeight) put("blkio", weight, r.blkioWeight);
    for (const one of r.blkioWeightDevice ?? []) {
      put("blkio", `${weight}_device`, `${deviceNumber(one.path, lookup)} ${one.weight}`);
    }
  }
  for (const { path, direction, unit, rate } of r.blkioThrottle ?? []) {
    put("blkio", `blkio.throttle.${direction}_${unit}_device`, `${deviceNumber(path, lookup)} ${rate}`);
  }
}
