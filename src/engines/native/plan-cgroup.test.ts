import { describe, expect, test } from "bun:test";
import { EngineError } from "../../base/errors.ts";
import type { Resources } from "../spec.ts";
import { cgroupWarnings, planCgroupUpdate, planContainerCgroup, planFreeze, planPrepareCgroup } from "./plan-cgroup.ts";
import { parseCgroupMounts, parseOwnCgroup, v1Roots } from "./plan-cgroup-facts.ts";
import { cpuWeight, ioWeight } from "./plan-cgroup-v2.ts";
import { exampleFacts, v1Cgroups, v2Cgroups } from "./plan-run.test-support.ts";

const lookup = exampleFacts.lookupDevice;
const short = (writes: readonly { path: string; value: string }[]) =>
  writes.map(({ path, value }) => `${path.slice(path.lastIndexOf("/") + 1)}=${value}`);
const v1 = { facts: v1Cgroups, dirs: planPrepareCgroup(v1Cgroups, "/home", "s").dirs, lookup };
const v2 = { facts: v2Cgroups, dirs: { unified: "/cg/x/s" }, lookup };
const rest = { privileged: false, deviceRules: [] };
const start = (host: typeof v1 | typeof v2, resources: Resources) =>
  short(planContainerCgroup({ ...host, ...rest, resources }).writes);

describe("planPrepareCgroup()", () => {
  test("makes one directory per hierarchy, fills the cpuset and denies devices on v1", () => {
    const { prepare, dirs } = planPrepareCgroup(v1Cgroups, "/home", "s");
    expect(dirs["memory"]).toMatch(/^\/cg\/memory\/hyperbox-[0-9a-f]{8}\/s$/);
    expect(prepare.dirs).toHaveLength(6);
    expect(short(prepare.writes).slice(0, 6)).toEqual([
      "cpuset.cpus=0-1",
      "cpuset.mems=0",
      "cpuset.cpus=0-1",
      "cpuset.mems=0",
      "devices.deny=a",
      "devices.allow=c *:* m",
    ]);
    expect(prepare.writes.length).toBe(4 + 1 + 11);
  });

  test("makes co-mounted controllers' directory once", () => {
    const facts = { ...v1Cgroups, v1: { cpu: "/cg/cpu,cpuacct", cpuacct: "/cg/cpu,cpuacct" } };
    expect(planPrepareCgroup(facts, "/home", "s").prepare.dirs).toHaveLength(1);
  });

  test("hands controllers down on v2", () => {
    const { prepare, dirs } = planPrepareCgroup(v2Cgroups, "/home", "s");
    expect(prepare.v2Dir).toBe(dirs["unified"] ?? "");
    expect(short(prepare.writes)).toEqual(Array(2).fill("cgroup.subtree_control=+cpuset +cpu +io +memory +pids"));
  });
});

describe("planContainerCgroup()", () => {
  test("writes limits to v1, swap after memory, one process more for the holder", () => {
    expect(start(v1, { memory: 1000, nanoCpus: 1.5e9, pids: 10, cpuShares: 512 })).toEqual([
      "memory.limit_in_bytes=1000",
      "memory.memsw.limit_in_bytes=2000",
      "cpu.shares=512",
      "cpu.cfs_quota_us=150000",
      "pids.max=11",
    ]);
  });

  test("writes limits to v2, swap without memory", () => {
    const throttle = { path: "/dev/vda", direction: "read", unit: "bps", rate: 5 } as const;
    expect(
      start(v2, {
        memory: 1000,
        memorySwap: 1500,
        memoryReservation: 500,
        nanoCpus: 5e8,
        pids: 10,
        blkioThrottle: [throttle],
      }),
    ).toEqual([
      "memory.max=1000",
      "memory.swap.max=500",
      "memory.low=500",
      "cpu.max=50000 100000",
      "pids.max=10",
      "io.max=254:0 rbps=5",
    ]);
    expect(planContainerCgroup({ ...v2, ...rest, resources: {} }).deviceProgram?.length).toBeGreaterThan(0);
    expect(planContainerCgroup({ ...v2, ...rest, privileged: true, resources: {} }).deviceProgram).toBeUndefined();
  });

  test.each([
    [{ memory: 10, memorySwap: 5 }, "below the memory limit"],
    [{ memorySwap: 5 }, "there is no memory limit"],
    [{ nanoCpus: 1, cpuQuotaUs: 1 }, "a CPU quota or period is given too"],
    [{ blkioThrottle: [{ path: "/dev/null", direction: "read", unit: "bps", rate: 1 }] }, "not a block device"],
  ] as [Resources, string][])("refuses %j", (resources, message) => {
    expect(() => start(v1, resources)).toThrow(message);
  });

  test("refuses on v2 what only v1 has", () => {
    expect(() => start(v2, { oomKillDisable: true })).toThrow(EngineError);
    expect(start(v1, { oomKillDisable: true })).toEqual(["memory.oom_control=1"]);
  });
});

describe("planCgroupUpdate()", () => {
  test("opens swap before memory changes on v1, whichever way", () => {
    expect(short(planCgroupUpdate({ ...v1, resources: { memory: 5, memorySwap: 9, pids: -1 } }))).toEqual([
      "memory.memsw.limit_in_bytes=-1",
      "memory.limit_in_bytes=5",
      "memory.memsw.limit_in_bytes=9",
      "pids.max=max",
    ]);
  });

  test("opens swap on v2 when it becomes unlimited", () => {
    expect(short(planCgroupUpdate({ ...v2, resources: { memory: 5, memorySwap: -1 } }))).toEqual([
      "memory.max=5",
      "memory.swap.max=max",
    ]);
  });
});

describe("planFreeze()", () => {
  test("finds the freezer of either version, or none", () => {
    expect(planFreeze({ freezer: "/f" }, true)).toEqual({ path: "/f/freezer.state", value: "FROZEN" });
    expect(planFreeze({ unified: "/u" }, false)).toEqual({ path: "/u/cgroup.freeze", value: "0" });
    expect(planFreeze({}, true)).toBeNull();
  });
});

describe("cgroupWarnings()", () => {
  test("names what the host lacks, and only what was asked for", () => {
    const bare = { ...v1Cgroups, v1: { memory: "/cg/memory" }, files: new Set<string>() };
    expect(cgroupWarnings(bare, {})).toEqual([]);
    expect(cgroupWarnings(bare, { memory: 1, pids: 5, cpuShares: 2 })).toHaveLength(3);
    expect(cgroupWarnings({ ...v1Cgroups, mode: "none" }, { memory: 1 })).toHaveLength(1);
  });
});

describe("conversions", () => {
  test("cpuWeight() and ioWeight() keep ends and defaults", () => {
    expect([2, 1024, 262_144].map(cpuWeight)).toEqual([1, 100, 10_000]);
    expect([10, 1000].map(ioWeight)).toEqual([1, 10_000]);
  });
});

describe("parseCgroupMounts()", () => {
  const mountinfo = [
    "27 1 254:0 / / rw - ext4 /dev/vda rw",
    "32 31 0:29 / /sys/fs/cgroup/cpu\\054cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct",
    "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
    "41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw",
  ].join("\n");

  test("finds hierarchies by controller", () => {
    const mounts = parseCgroupMounts(mountinfo);
    expect(mounts.map(({ version }) => version)).toEqual([1, 1, 2]);
    expect(v1Roots(mounts)).toEqual({ cpu: "/sys/fs/cgroup/cpu,cpuacct", cpuacct: "/sys/fs/cgroup/cpu,cpuacct" });
    expect(parseOwnCgroup("4:memory:/a\n0::/user.slice/x\n")).toBe("/user.slice/x");
  });
});
