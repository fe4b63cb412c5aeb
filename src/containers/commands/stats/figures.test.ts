import { expect, test } from "bun:test";
import { figuresOf, type StatsJson } from "./figures.ts";
import { statsRow } from "./row.ts";

const sample: StatsJson = {
  id: "ab".repeat(32),
  name: "/web",
  cpu_stats: { cpu_usage: { total_usage: 300 }, system_cpu_usage: 2000, online_cpus: 2 },
  precpu_stats: { cpu_usage: { total_usage: 100 }, system_cpu_usage: 1000 },
  memory_stats: { usage: 3 * 1024 * 1024, limit: 8 * 1024 * 1024, stats: { total_inactive_file: 1024 * 1024 } },
  pids_stats: { current: 4 },
  networks: { eth0: { rx_bytes: 1000, tx_bytes: 1 }, eth1: { rx_bytes: 500, tx_bytes: 2 } },
  blkio_stats: {
    io_service_bytes_recursive: [
      { op: "Read", value: 10 },
      { op: "write", value: 20 },
      { op: "Total", value: 30 },
    ],
  },
};

test("figuresOf() does the sums", () => {
  expect(figuresOf(sample)).toEqual({
    cpuPercent: 40,
    memoryBytes: 2 * 1024 * 1024,
    memoryLimitBytes: 8 * 1024 * 1024,
    memoryPercent: 25,
    receivedBytes: 1500,
    sentBytes: 3,
    readBytes: 10,
    writtenBytes: 20,
    pids: 4,
  });
});

test("figuresOf() has zeros for a container that does not run", () => {
  const stopped = { ...sample, cpu_stats: {}, precpu_stats: {}, memory_stats: {}, pids_stats: {}, blkio_stats: {} };
  expect(figuresOf(stopped)).toMatchObject({ cpuPercent: 0, memoryPercent: 0, readBytes: 0, pids: 0 });
});

test("statsRow() prints as Docker does, dashes without figures", () => {
  expect(statsRow("web", sample, false)).toMatchObject({
    ...{ ID: "abababababab", CPUPerc: "40.00%", MemUsage: "2MiB / 8MiB", NetIO: "1.5kB / 3B", BlockIO: "10B / 20B" },
  });
  expect(statsRow("web", null, false)).toMatchObject({ Container: "web", CPUPerc: "--", MemUsage: "-- / --" });
});
