/** What this host is, read from /proc, /sys and /etc when asked. Everything takes a root, so that tests can give their own. */
import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, hostname, release } from "node:os";
import { join } from "node:path";

export type Controller = "memory" | "cpu" | "cpuset" | "pids" | "blkio" | "hugetlb" | "devices";

export type HostFacts = {
  hostname: string;
  kernel: string;
  /** "Debian GNU/Linux 12 (bookworm)". */
  osName: string;
  osVersion: string;
  /** As `uname -m` says it. */
  machine: string;
  /** As Go says it. */
  goArch: string;
  cpuCount: number;
  memoryBytes: number;
  cgroupVersion: 1 | 2;
  controllers: ReadonlySet<Controller>;
  /** Whether swap is accounted to cgroups. */
  swapLimit: boolean;
  ipv4Forwarding: boolean;
  seccomp: boolean;
  /** Security modules of the kernel, as far as it tells. */
  securityModules: readonly string[];
};

const machines: Record<string, string> = { x64: "x86_64", arm64: "aarch64", arm: "armv7l", ia32: "i686" };
const goArchs: Record<string, string> = { x64: "amd64", ia32: "386" };

export function readHostFacts(root = "/"): HostFacts {
  const text = (path: string): string => {
    try {
      return readFileSync(join(root, path), "utf8");
    } catch {
      return "";
    }
  };
  const os = parseOsRelease(text("etc/os-release") || text("usr/lib/os-release"));
  const cgroupVersion = existsSync(join(root, "sys/fs/cgroup/cgroup.controllers")) ? 2 : 1;
  const memory = join(root, "sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
  return {
    hostname: hostname(),
    kernel: release(),
    osName: os.PRETTY_NAME ?? os.NAME ?? "Linux",
    osVersion: os.VERSION_ID ?? "",
    machine: machines[arch()] ?? arch(),
    goArch: goArchs[arch()] ?? arch(),
    cpuCount: cpus().length,
    memoryBytes: Number(/^MemTotal:\s+(\d+) kB/m.exec(text("proc/meminfo"))?.[1] ?? "0") * 1024,
    cgroupVersion,
    controllers: cgroupVersion === 2 ? controllersV2(text("sys/fs/cgroup/cgroup.controllers")) : controllersV1(root),
    swapLimit: cgroupVersion === 2 ? /\bmemory\b/.test(text("sys/fs/cgroup/cgroup.controllers")) : existsSync(memory),
    ipv4Forwarding: text("proc/sys/net/ipv4/ip_forward").trim() === "1",
    seccomp: /^Seccomp:/m.test(text("proc/self/status")),
    securityModules: text("sys/kernel/security/lsm").trim().split(",").filter(Boolean),
  };
}

export function parseOsRelease(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const match = /^([A-Z_0-9]+)=(.*)$/.exec(line.trim());
    if (match?.[1]) out[match[1]] = (match[2] ?? "").replace(/^(["'])(.*)\1$/, "$2");
  }
  return out;
}

function controllersV2(list: string): ReadonlySet<Controller> {
  const names = new Set(list.trim().split(/\s+/));
  const out = new Set<Controller>(["devices"]); // by eBPF
  for (const name of ["memory", "cpu", "cpuset", "pids", "hugetlb"] as const) if (names.has(name)) out.add(name);
  if (names.has("io")) out.add("blkio");
  return out;
}

function controllersV1(root: string): ReadonlySet<Controller> {
  const all: Controller[] = ["memory", "cpu", "cpuset", "pids", "blkio", "hugetlb", "devices"];
  return new Set(all.filter((name) => existsSync(join(root, "sys/fs/cgroup", name, "cgroup.procs"))));
}
