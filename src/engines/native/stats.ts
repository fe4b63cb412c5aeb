/** Resource counters of a container from its cgroup (v1 or v2) and its network interface. */
import { join } from "node:path";
import type { RuntimeRecord, WorkloadStats } from "../engine.ts";
import { readKeyed, readNumber, readPids, readText } from "./counters.ts";
import { processesOf, sumOfProcesses } from "./stats-of-processes.ts";

type Cpu = Pick<
  WorkloadStats,
  "cpuTotalNs" | "cpuUserNs" | "cpuKernelNs" | "perCpuNs" | "throttledPeriods" | "periods" | "throttledNs"
>;
type Memory = Pick<WorkloadStats, "memoryUsage" | "memoryMaxUsage" | "memoryLimit" | "memoryFailures" | "memoryStat">;

/** Kernel clock ticks to nanoseconds: USER_HZ is 100 on every Linux architecture we run on. */
const tickNs = 10_000_000;

export function readStats(record: RuntimeRecord): WorkloadStats {
  const dirs = record.cgroupDirs;
  if (Object.keys(dirs).length === 0) return withoutCgroup(record);
  const unified = dirs["unified"];
  const v2 = unified !== undefined && dirs["memory"] === undefined;
  const pidsDir = v2 ? unified : dirs["pids"];
  return {
    readAtMs: Date.now(),
    ...(v2 ? cpuV2(unified) : cpuV1(dirs)),
    ...(v2 ? memoryV2(unified) : memoryV1(dirs["memory"])),
    pidsCurrent: readProcesses(record).length,
    // Our holder counts as one where it shares the cgroup.
    pidsLimit: pidsDir ? readNumber(join(pidsDir, "pids.max")) - (v2 ? 0 : 1) : Number.POSITIVE_INFINITY,
    blkio: v2 ? blkioV2(unified) : blkioV1(dirs["blkio"]),
    networks: networkStats(record),
  };
}

function withoutCgroup(record: RuntimeRecord): WorkloadStats {
  const pids = readProcesses(record);
  const { userNs, kernelNs, memoryBytes } = sumOfProcesses(pids);
  return {
    readAtMs: Date.now(),
    ...cpuV1({}),
    ...{ cpuTotalNs: userNs + kernelNs, cpuUserNs: userNs, cpuKernelNs: kernelNs },
    ...memoryV1(undefined),
    memoryUsage: memoryBytes,
    pidsCurrent: pids.length,
    pidsLimit: Number.POSITIVE_INFINITY,
    blkio: [],
    networks: networkStats(record),
  };
}

/** Host pids of the workload: init first, the holder left out. */
export function readProcesses(record: RuntimeRecord): number[] {
  const dirs = record.cgroupDirs;
  const dir = dirs["pids"] ?? dirs["memory"] ?? dirs["unified"] ?? Object.values(dirs)[0];
  if (dir === undefined) return processesOf(record.pid);
  const others = readPids(join(dir, "cgroup.procs")).filter((pid) => pid !== record.pid && pid !== record.holderPid);
  return [record.pid, ...others];
}

function cpuV1(dirs: Record<string, string>): Cpu {
  const acct = dirs["cpuacct"] ?? "";
  const stat = readKeyed(join(acct, "cpuacct.stat"));
  const throttle = readKeyed(join(dirs["cpu"] ?? "", "cpu.stat"));
  return {
    cpuTotalNs: readNumber(join(acct, "cpuacct.usage")),
    cpuUserNs: (stat["user"] ?? 0) * tickNs,
    cpuKernelNs: (stat["system"] ?? 0) * tickNs,
    perCpuNs: readText(join(acct, "cpuacct.usage_percpu")).trim().split(/\s+/).filter(Boolean).map(Number),
    periods: throttle["nr_periods"] ?? 0,
    throttledPeriods: throttle["nr_throttled"] ?? 0,
    throttledNs: throttle["throttled_time"] ?? 0,
  };
}

function cpuV2(dir: string): Cpu {
  const stat = readKeyed(join(dir, "cpu.stat"));
  return {
    cpuTotalNs: (stat["usage_usec"] ?? 0) * 1000,
    cpuUserNs: (stat["user_usec"] ?? 0) * 1000,
    cpuKernelNs: (stat["system_usec"] ?? 0) * 1000,
    perCpuNs: [],
    periods: stat["nr_periods"] ?? 0,
    throttledPeriods: stat["nr_throttled"] ?? 0,
    throttledNs: (stat["throttled_usec"] ?? 0) * 1000,
  };
}

function memoryV1(dir: string | undefined): Memory {
  const at = dir ?? "";
  return {
    memoryUsage: readNumber(join(at, "memory.usage_in_bytes")),
    memoryMaxUsage: readNumber(join(at, "memory.max_usage_in_bytes")),
    memoryLimit: dir ? readNumber(join(at, "memory.limit_in_bytes")) : Number.POSITIVE_INFINITY,
    memoryFailures: readNumber(join(at, "memory.failcnt")),
    memoryStat: readKeyed(join(at, "memory.stat")),
  };
}

function memoryV2(dir: string): Memory {
  return {
    memoryUsage: readNumber(join(dir, "memory.current")),
    memoryMaxUsage: readNumber(join(dir, "memory.peak")),
    memoryLimit: readNumber(join(dir, "memory.max")) || Number.POSITIVE_INFINITY,
    memoryFailures: readKeyed(join(dir, "memory.events"))["max"] ?? 0,
    memoryStat: readKeyed(join(dir, "memory.stat")),
  };
}

function blkioV1(dir: string | undefined): WorkloadStats["blkio"] {
  if (dir === undefined) return [];
  const out = new Map<string, WorkloadStats["blkio"][number]>();
  const collect = (file: string, field: "bytes" | "operations"): void => {
    for (const line of readText(join(dir, file)).split("\n")) {
      const match = /^(\d+):(\d+) (Read|Write) (\d+)$/.exec(line);
      if (!match) continue;
      const op = match[3] === "Read" ? "read" : "write";
      const key = `${match[1]}:${match[2]}:${op}`;
      const entry = out.get(key) ?? { major: Number(match[1]), minor: Number(match[2]), op, bytes: 0, operations: 0 };
      entry[field] = Number(match[4]);
      out.set(key, entry);
    }
  };
  collect("blkio.throttle.io_service_bytes", "bytes");
  collect("blkio.throttle.io_serviced", "operations");
  return [...out.values()];
}

function blkioV2(dir: string): WorkloadStats["blkio"] {
  return readText(join(dir, "io.stat"))
    .split("\n")
    .flatMap((line) => {
      const match = /^(\d+):(\d+) rbytes=(\d+) wbytes=(\d+) rios=(\d+) wios=(\d+)/.exec(line);
      if (!match) return [];
      const [major, minor, rbytes, wbytes, rios, wios] = match.slice(1).map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      return [
        { major, minor, op: "read" as const, bytes: rbytes, operations: rios },
        { major, minor, op: "write" as const, bytes: wbytes, operations: wios },
      ];
    });
}

/** As the container counts them: one line for each interface. */
function networkStats({ endpoints, holderPid }: RuntimeRecord): WorkloadStats["networks"] {
  if (endpoints.length === 0) return {};
  const found: WorkloadStats["networks"] = {};
  for (const line of readText(`/proc/${holderPid}/net/dev`).split("\n")) {
    const match = /^\s*([^\s:]+):\s*(.*)$/.exec(line);
    const name = match?.[1];
    if (name === undefined || name === "lo") continue;
    const n = (match?.[2] ?? "").split(/\s+/).map(Number);
    found[name] = {
      ...{ rxBytes: n[0] ?? 0, rxPackets: n[1] ?? 0, rxErrors: n[2] ?? 0, rxDropped: n[3] ?? 0 },
      ...{ txBytes: n[8] ?? 0, txPackets: n[9] ?? 0, txErrors: n[10] ?? 0, txDropped: n[11] ?? 0 },
    };
  }
  return found;
}
