/** What the planners must know of this host, read once when the daemon starts. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { arch, release } from "node:os";
import { join } from "node:path";
import type { DeviceNode, PlanFacts } from "../engines/native/index.ts";
import { makeSkeleton, readCgroupFacts } from "../engines/native/index.ts";
import { createSeccompFilters, type DeviceLookup, type FilterStore, type NativeArch } from "../security/index.ts";
import type { RootlessFacts } from "./rootless.ts";

export function readPlanFacts(home: string, rootless: RootlessFacts | null): PlanFacts {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const native: NativeArch = arch() === "arm64" ? "aarch64" : "x86_64";
  return {
    cgroups: readCgroupFacts(rootless !== null),
    rootless: rootless !== null,
    skeleton: makeSkeleton(home),
    singleId: rootless !== null && !rootless.subordinateIds,
    hostQueues: existsSync("/dev/mqueue"),
    seccomp: createSeccompFilters({ arch: native, kernel: { major, minor } }, fileStore(join(home, "cache/seccomp"))),
    lastCapability: Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8")),
    capabilityBound: BigInt(
      `0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`,
    ),
    lookupDevice,
    hostDevices: () => hostDevices("/dev"),
  };
}

/** Compiled filters on disk: a cache, so that whatever goes wrong with it is no failure. */
function fileStore(dir: string): FilterStore {
  return {
    read(key) {
      try {
        return readFileSync(join(dir, key));
      } catch {
        return undefined;
      }
    },
    write(key, program) {
      try {
        mkdirSync(dir, { recursive: true });
        writeFileSync(join(dir, key), program);
      } catch {
        // Compiled again next time.
      }
    },
  };
}

const lookupDevice: DeviceLookup = (path) => {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { directory: readdirSync(path).map((name) => join(path, name)) };
    return nodeOf(path, stat);
  } catch {
    return null;
  }
};

function nodeOf(path: string, stat: Stats): (DeviceNode & { type: "c" | "b" }) | null {
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return null;
  const rdev = BigInt(stat.rdev);
  return {
    path,
    type: stat.isCharacterDevice() ? "c" : "b",
    // The kernel's 64-bit device number: 12 + 20 bits of major, 8 + 24 of minor.
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
    mode: Number(stat.mode) & 0o777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  };
}

/** Every device below `dir` that a privileged container gets; its own pts, shm and mqueue are left out. */
function hostDevices(dir: string): DeviceNode[] {
  const nodes: DeviceNode[] = [];
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console", "/dev/fd"].includes(path)) continue;
    try {
      const stat = lstatSync(path);
      if (stat.isDirectory()) nodes.push(...hostDevices(path));
      else {
        const node = nodeOf(path, stat);
        if (node) nodes.push(node);
      }
    } catch {
      // It went away while we looked.
    }
  }
  return nodes;
}
