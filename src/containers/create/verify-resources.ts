/** Limits that contradict each other or the machine, with Docker's texts; used by create and update. */
import { cpus } from "node:os";
import { invalid } from "../errors.ts";
import type { HostConfig } from "../schema/host-config.ts";
import type { resourceFields } from "../schema/resources.ts";

export type ResourceSettings = Pick<HostConfig, keyof typeof resourceFields>;

const minMemory = 6 * 1024 * 1024;
const ulimitNames = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack as".split(" "),
);

export function verifyResources(host: ResourceSettings): void {
  const { Memory, MemorySwap, MemoryReservation, MemorySwappiness, NanoCpus } = host;
  if (Memory !== 0 && Memory < minMemory) throw invalid("bad_memory", "Minimum memory limit allowed is 6MB");
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    throw invalid("bad_memory", "Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (Memory === 0 && MemorySwap > 0) {
    throw invalid("bad_memory", "You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (MemorySwappiness !== null && (MemorySwappiness < -1 || MemorySwappiness > 100)) {
    throw invalid("bad_memory", `Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
  if (MemoryReservation !== 0 && MemoryReservation < minMemory) {
    throw invalid("bad_memory", "Minimum memory reservation allowed is 6MB");
  }
  if (Memory > 0 && MemoryReservation > 0 && Memory < MemoryReservation) {
    throw invalid("bad_memory", "Minimum memory limit can not be less than memory reservation limit, see usage");
  }
  if (NanoCpus > 0 && (host.CpuPeriod > 0 || host.CpuQuota > 0)) {
    const other = host.CpuPeriod > 0 ? "CPU Period" : "CPU Quota";
    throw invalid("bad_cpu", `Conflicting options: Nano CPUs and ${other} cannot both be set`);
  }
  const count = cpus().length;
  if (NanoCpus < 0 || NanoCpus > count * 1e9) {
    throw invalid(
      "bad_cpu",
      `range of CPUs is from 0.01 to ${count.toFixed(2)}, as there are only ${count} CPUs available`,
    );
  }
  if (host.CpuPeriod !== 0 && (host.CpuPeriod < 1000 || host.CpuPeriod > 1_000_000)) {
    throw invalid("bad_cpu", "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (host.CpuQuota > 0 && host.CpuQuota < 1000) {
    throw invalid("bad_cpu", "CPU cfs quota can not be less than 1ms (i.e. 1000)");
  }
  verifyCpuSet(host.CpusetCpus, "CPUs");
  verifyCpuSet(host.CpusetMems, "memory nodes");
  if (host.BlkioWeight !== 0 && (host.BlkioWeight < 10 || host.BlkioWeight > 1000)) {
    throw invalid("bad_blkio", "Range of blkio weight is from 10 to 1000");
  }
  for (const { Name, Soft, Hard } of host.Ulimits) {
    if (!ulimitNames.has(Name)) throw invalid("bad_ulimit", `invalid ulimit type: ${Name}`);
    if (Hard !== -1 && Soft > Hard) {
      throw invalid("bad_ulimit", `ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
  }
}

function verifyCpuSet(list: string, what: string): void {
  if (list !== "" && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) {
    throw invalid("bad_cpuset", `Invalid value ${list} for cpuset ${what}: a list such as 0-3,5 is expected`);
  }
}
