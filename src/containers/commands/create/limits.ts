import { invalid, parseNumber, parseSize } from "../../../cli/parse-values.ts";
import type { Flag } from "../../../cli/verb.ts";
import type { FlagGroup } from "./body.ts";

const sizes: [string, string, string, string?][] = [
  ["memory", "Memory", "Memory limit", "m"],
  ["memory-reservation", "MemoryReservation", "Memory soft limit"],
  ["shm-size", "ShmSize", "Size of /dev/shm"],
];
const integers: [string, string, string, string?][] = [
  ["memory-swappiness", "MemorySwappiness", "How willingly memory is swapped (0 to 100)"],
  ["cpu-shares", "CpuShares", "CPU weight, relative", "c"],
  ["cpu-period", "CpuPeriod", "CPU CFS period in µs"],
  ["cpu-quota", "CpuQuota", "CPU CFS quota in µs"],
  ["cpu-rt-period", "CpuRealtimePeriod", "CPU real-time period in µs"],
  ["cpu-rt-runtime", "CpuRealtimeRuntime", "CPU real-time runtime in µs"],
  ["pids-limit", "PidsLimit", "Limit of processes (-1: none)"],
  ["blkio-weight", "BlkioWeight", "Block I/O weight (10 to 1000)"],
  ["oom-score-adj", "OomScoreAdj", "OOM preference (-1000 to 1000)"],
];
const deviceRates: [string, string, string, (flag: string, text: string) => number][] = [
  ["device-read-bps", "BlkioDeviceReadBps", "Limit of bytes read per second (/dev/sda:1mb)", parseSize],
  ["device-write-bps", "BlkioDeviceWriteBps", "Limit of bytes written per second", parseSize],
  ["device-read-iops", "BlkioDeviceReadIOps", "Limit of reads per second", parseNumber],
  ["device-write-iops", "BlkioDeviceWriteIOps", "Limit of writes per second", parseNumber],
];
const texts: [string, string, string][] = [
  ["cpuset-cpus", "CpusetCpus", "CPUs to run on (0-3, 0,1)"],
  ["cpuset-mems", "CpusetMems", "Memory nodes to use"],
  ["cgroup-parent", "CgroupParent", "Parent cgroup"],
];

const one = ([name, , summary, short]: readonly [string, string, string, string?]): Flag => ({
  name,
  kind: "string",
  summary,
  ...(short ? { short } : {}),
});

export const limits: FlagGroup = {
  flags: [
    ...sizes.map(one),
    ...integers.map(one),
    ...texts.map(([name, key, summary]) => one([name, key, summary])),
    ...deviceRates.map(([name, , summary]): Flag => ({ name, kind: "list", summary })),
    { name: "memory-swap", kind: "string", summary: "Memory and swap limit together (-1: no limit of swap)" },
    { name: "cpus", kind: "string", summary: "Number of CPUs, such as 1.5" },
    { name: "blkio-weight-device", kind: "list", summary: "Block I/O weight of a device (/dev/sda:200)" },
    { name: "oom-kill-disable", kind: "bool", summary: "Do not kill when memory runs out" },
    { name: "ulimit", kind: "list", summary: "Resource limits (nofile=1024:2048)" },
    {
      name: "kernel-memory",
      kind: "string",
      summary: "",
      refused: "the kernel no longer has this limit; use --memory",
    },
    { name: "cpu-count", kind: "string", summary: "", refused: "it exists on Windows only; use --cpus" },
    { name: "cpu-percent", kind: "string", summary: "", refused: "it exists on Windows only; use --cpus" },
    {
      name: "io-maxbandwidth",
      kind: "string",
      summary: "",
      refused: "it exists on Windows only; use --device-read-bps",
    },
    { name: "io-maxiops", kind: "string", summary: "", refused: "it exists on Windows only; use --device-read-iops" },
  ],
  apply({ HostConfig: host }, flags) {
    const set = (name: string, key: string, parse: (flag: string, text: string) => unknown) => {
      const text = flags.string(name);
      if (text !== undefined) host[key] = parse(name, text);
    };
    for (const [name, key] of sizes) set(name, key, parseSize);
    for (const [name, key] of integers) set(name, key, () => flags.integer(name));
    for (const [name, key] of texts) set(name, key, (_, text) => text);
    set("memory-swap", "MemorySwap", (name, text) => (text === "-1" ? -1 : parseSize(name, text)));
    set("cpus", "NanoCpus", (name, text) => Math.round(parseNumber(name, text) * 1e9));
    if (flags.bool("oom-kill-disable")) host["OomKillDisable"] = true;
    for (const [name, key, , parse] of deviceRates) {
      if (flags.has(name)) host[key] = flags.list(name).map((text) => deviceRate(name, text, parse, "Rate"));
    }
    const weights = flags.list("blkio-weight-device");
    if (weights.length > 0) {
      host["BlkioWeightDevice"] = weights.map((text) => deviceRate("blkio-weight-device", text, parseNumber, "Weight"));
    }
    if (flags.has("ulimit")) host["Ulimits"] = flags.list("ulimit").map(parseUlimit);
  },
};

function deviceRate(flag: string, text: string, parse: (flag: string, text: string) => number, key: string) {
  const colon = text.lastIndexOf(":");
  if (!text.startsWith("/dev/") || colon < 0) throw invalid(flag, text, "must be a device and a value, /dev/sda:1mb");
  return { Path: text.slice(0, colon), [key]: parse(flag, text.slice(colon + 1)) };
}

export function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const match = /^([a-z]+)=(-1|\d+|unlimited)(?::(-1|\d+|unlimited))?$/.exec(text);
  if (!match) throw invalid("ulimit", text, "must be name=soft or name=soft:hard");
  const value = (word: string | undefined) => (word === "unlimited" ? -1 : Number(word));
  const soft = value(match[2]);
  const hard = match[3] === undefined ? soft : value(match[3]);
  if (hard !== -1 && (soft > hard || soft === -1)) throw invalid("ulimit", text, "soft limit is above the hard limit");
  return { Name: match[1] ?? "", Soft: soft, Hard: hard };
}
