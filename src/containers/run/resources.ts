/** Docker's limits as the engine's: zero and absence mean none. Pure. */
import type { Resources } from "../../engines/index.ts";
import type { ResourceSettings } from "../create/verify-resources.ts";

type Throttle = NonNullable<Resources["blkioThrottle"]>[number];

export function resources(host: ResourceSettings & { OomScoreAdj?: number }): Resources {
  const out: Resources = {};
  if (host.Memory) out.memory = host.Memory;
  if (host.MemoryReservation) out.memoryReservation = host.MemoryReservation;
  if (host.MemorySwap) out.memorySwap = host.MemorySwap;
  else if (host.Memory > 0) out.memorySwap = host.Memory * 2;
  if (host.MemorySwappiness !== null && host.MemorySwappiness >= 0) out.memorySwappiness = host.MemorySwappiness;
  if (host.OomKillDisable) out.oomKillDisable = true;
  if (host.NanoCpus) out.nanoCpus = host.NanoCpus;
  if (host.CpuShares) out.cpuShares = host.CpuShares;
  if (host.CpuQuota) out.cpuQuotaUs = host.CpuQuota;
  if (host.CpuPeriod) out.cpuPeriodUs = host.CpuPeriod;
  if (host.CpuRealtimePeriod) out.cpuRealtimePeriodUs = host.CpuRealtimePeriod;
  if (host.CpuRealtimeRuntime) out.cpuRealtimeRuntimeUs = host.CpuRealtimeRuntime;
  if (host.CpusetCpus) out.cpusetCpus = host.CpusetCpus;
  if (host.CpusetMems) out.cpusetMems = host.CpusetMems;
  if (host.PidsLimit !== null && host.PidsLimit !== 0) out.pids = host.PidsLimit;
  if (host.BlkioWeight) out.blkioWeight = host.BlkioWeight;
  if (host.BlkioWeightDevice.length > 0) {
    out.blkioWeightDevice = host.BlkioWeightDevice.map(({ Path, Weight }) => ({ path: Path, weight: Weight }));
  }
  const throttle = blkioThrottle(host);
  if (throttle.length > 0) out.blkioThrottle = throttle;
  if (host.OomScoreAdj) out.oomScoreAdj = host.OomScoreAdj;
  return out;
}

function blkioThrottle(host: ResourceSettings): Throttle[] {
  const of = (list: { Path: string; Rate: number }[], direction: Throttle["direction"], unit: Throttle["unit"]) =>
    list.map(({ Path, Rate }): Throttle => ({ path: Path, direction, unit, rate: Rate }));
  return [
    ...of(host.BlkioDeviceReadBps, "read", "bps"),
    ...of(host.BlkioDeviceWriteBps, "write", "bps"),
    ...of(host.BlkioDeviceReadIOps, "read", "iops"),
    ...of(host.BlkioDeviceWriteIOps, "write", "iops"),
  ];
}
