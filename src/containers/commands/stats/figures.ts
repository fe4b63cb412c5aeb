/** Arithmetic of `stats`: what the API's counters mean to a person. Pure. */

type Cpu = {
  cpu_usage?: { total_usage?: number; percpu_usage?: number[] };
  system_cpu_usage?: number;
  online_cpus?: number;
};
export type StatsJson = {
  id: string;
  name: string;
  cpu_stats: Cpu;
  precpu_stats: Cpu;
  memory_stats: { usage?: number; limit?: number; stats?: Record<string, number> };
  pids_stats: { current?: number };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }>;
  blkio_stats: { io_service_bytes_recursive?: { op: string; value: number }[] | null };
};

export type Figures = {
  cpuPercent: number;
  memoryBytes: number;
  memoryLimitBytes: number;
  memoryPercent: number;
  receivedBytes: number;
  sentBytes: number;
  readBytes: number;
  writtenBytes: number;
  pids: number;
};

export function figuresOf(stats: StatsJson): Figures {
  const memoryBytes = usedMemory(stats.memory_stats);
  const memoryLimitBytes = stats.memory_stats.limit ?? 0;
  const links = Object.values(stats.networks ?? {});
  return {
    cpuPercent: cpuPercent(stats.precpu_stats, stats.cpu_stats),
    memoryBytes,
    memoryLimitBytes,
    memoryPercent: memoryLimitBytes > 0 ? (memoryBytes / memoryLimitBytes) * 100 : 0,
    receivedBytes: links.reduce((sum, link) => sum + link.rx_bytes, 0),
    sentBytes: links.reduce((sum, link) => sum + link.tx_bytes, 0),
    readBytes: blockBytes(stats, "r"),
    writtenBytes: blockBytes(stats, "w"),
    pids: stats.pids_stats.current ?? 0,
  };
}

/** 100 is one whole processor. */
function cpuPercent(before: Cpu, now: Cpu): number {
  const own = (now.cpu_usage?.total_usage ?? 0) - (before.cpu_usage?.total_usage ?? 0);
  const host = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const processors = now.online_cpus || now.cpu_usage?.percpu_usage?.length || 1;
  return own > 0 && host > 0 ? (own / host) * processors * 100 : 0;
}

/** The page cache that can be given up at once is not counted: cgroup v1 calls it total_inactive_file, v2 inactive_file. */
function usedMemory({ usage = 0, stats = {} }: StatsJson["memory_stats"]): number {
  const cache = stats["total_inactive_file"] ?? stats["inactive_file"] ?? 0;
  return cache < usage ? usage - cache : usage;
}

function blockBytes(stats: StatsJson, letter: string): number {
  const entries = stats.blkio_stats.io_service_bytes_recursive ?? [];
  return entries.reduce((sum, { op, value }) => sum + (op.toLowerCase().startsWith(letter) ? value : 0), 0);
}
