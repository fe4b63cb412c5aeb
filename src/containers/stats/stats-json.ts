/** Docker's stats object from the kernel's counters. Pure. */
import type { WorkloadStats } from "../../engines/index.ts";
import { rfc3339 } from "../view/time.ts";

/** `memoryBytes` is the machine's: what stands for the limit where there is none. */
export type Sample = { stats: WorkloadStats; systemCpuNs: number; onlineCpus: number; memoryBytes: number };

/** `previous` null: the first sample, with Docker's empty `precpu_stats`. */
export function statsJson(id: string, name: string, now: Sample, previous: Sample | null): Record<string, unknown> {
  const { stats } = now;
  return {
    name: `/${name}`,
    id,
    read: rfc3339(stats.readAtMs),
    preread: rfc3339(previous?.stats.readAtMs ?? 0),
    pids_stats: {
      current: stats.pidsCurrent,
      ...(stats.pidsLimit > 0 && Number.isFinite(stats.pidsLimit) ? { limit: stats.pidsLimit } : {}),
    },
    blkio_stats: blkio(stats.blkio),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu(now),
    precpu_stats: previous ? cpu(previous) : emptyCpu,
    memory_stats: {
      usage: stats.memoryUsage,
      ...(stats.memoryMaxUsage > 0 ? { max_usage: stats.memoryMaxUsage } : {}),
      stats: stats.memoryStat,
      ...(stats.memoryFailures > 0 ? { failcnt: stats.memoryFailures } : {}),
      limit: Math.min(stats.memoryLimit, now.memoryBytes),
    },
    ...(Object.keys(stats.networks).length > 0 ? { networks: networks(stats.networks) } : {}),
  };
}

export const emptyCpu = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

function cpu({ stats, systemCpuNs, onlineCpus }: Sample): Record<string, unknown> {
  return {
    cpu_usage: {
      total_usage: stats.cpuTotalNs,
      ...(stats.perCpuNs.length > 0 ? { percpu_usage: stats.perCpuNs } : {}),
      usage_in_kernelmode: stats.cpuKernelNs,
      usage_in_usermode: stats.cpuUserNs,
    },
    system_cpu_usage: systemCpuNs,
    online_cpus: onlineCpus,
    throttling_data: {
      periods: stats.periods,
      throttled_periods: stats.throttledPeriods,
      throttled_time: stats.throttledNs,
    },
  };
}

function blkio(entries: WorkloadStats["blkio"]): Record<string, unknown> {
  const of = (field: "bytes" | "operations") =>
    entries.map((entry) => ({ major: entry.major, minor: entry.minor, op: entry.op, value: entry[field] }));
  const none: never[] = [];
  return {
    io_service_bytes_recursive: of("bytes"),
    io_serviced_recursive: of("operations"),
    io_queue_recursive: none,
    io_service_time_recursive: none,
    io_wait_time_recursive: none,
    io_merged_recursive: none,
    io_time_recursive: none,
    sectors_recursive: none,
  };
}

/** What stands there for a container that does not run. */
export const noBlkio = Object.fromEntries(Object.keys(blkio([])).map((key) => [key, null]));

function networks(interfaces: WorkloadStats["networks"]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(interfaces).map(([name, counters]) => [
      name,
      {
        rx_bytes: counters.rxBytes,
        rx_packets: counters.rxPackets,
        rx_errors: counters.rxErrors,
        rx_dropped: counters.rxDropped,
        tx_bytes: counters.txBytes,
        tx_packets: counters.txPackets,
        tx_errors: counters.txErrors,
        tx_dropped: counters.txDropped,
      },
    ]),
  );
}
