/** For tests: a default container on a v1 host. */
import { createSeccompFilters } from "../../security/index.ts";
import type { WorkloadSpec } from "../spec.ts";
import type { RunPlan } from "./plan.ts";
import type { CgroupFacts } from "./plan-cgroup-facts.ts";
import { type PlanFacts, planRun } from "./plan-run.ts";

export const v1Cgroups: CgroupFacts = {
  mode: "v1",
  v1: {
    memory: "/cg/memory",
    cpu: "/cg/cpu",
    cpuset: "/cg/cpuset",
    pids: "/cg/pids",
    devices: "/cg/devices",
    blkio: "/cg/blkio",
  },
  v2: null,
  files: new Set(["memory.memsw.limit_in_bytes"]),
  cpuset: { cpus: "0-1", mems: "0" },
  degraded: [],
};
export const v2Cgroups: CgroupFacts = {
  mode: "v2",
  v1: {},
  v2: { base: "/cg", controllers: ["cpuset", "cpu", "io", "memory", "pids"] },
  files: new Set(),
  cpuset: { cpus: "", mems: "" },
  degraded: [],
};

export const exampleFacts: PlanFacts = {
  seccomp: createSeccompFilters({ arch: "x86_64", kernel: { major: 6, minor: 1 } }),
  lastCapability: 40,
  capabilityBound: 2n ** 41n - 1n,
  cgroups: v1Cgroups,
  rootless: false,
  singleId: false,
  skeleton: null,
  hostQueues: true,
  lookupDevice: (path) =>
    path === "/dev/fuse"
      ? { type: "c", major: 10, minor: 229, mode: 0o666, uid: 0, gid: 0 }
      : path === "/dev/vda"
        ? { type: "b", major: 254, minor: 0, mode: 0o660, uid: 0, gid: 6 }
        : null,
  hostDevices: () => [{ path: "/dev/kmsg", type: "c", major: 1, minor: 11, mode: 0o600, uid: 0, gid: 0 }],
};

export const exampleSpec: WorkloadSpec = {
  id: "a".repeat(64),
  hostname: "box",
  domainname: "",
  process: { args: ["true"], env: ["PATH=/bin", "A=1"], cwd: "/", user: "", groups: [] },
  stdio: { tty: false, rows: 0, cols: 0, openStdin: false, stdinOnce: false },
  init: false,
  root: { lowers: ["/l"], upper: "/u", work: "/w", volatile: true, readonly: false },
  mounts: [],
  shmSizeBytes: 67108864,
  etcFiles: { hosts: "/c/hosts", hostname: "/c/hostname", resolvConf: "/c/resolv.conf" },
  namespaces: {
    pid: { kind: "new" },
    ipc: { kind: "new" },
    uts: { kind: "new" },
    cgroup: { kind: "new" },
    net: { kind: "prepared" },
  },
  security: {
    privileged: false,
    capAdd: [],
    capDrop: [],
    noNewPrivileges: false,
    seccomp: { kind: "default" },
    maskedPaths: null,
    readonlyPaths: null,
  },
  sysctls: {},
  devices: [],
  deviceCgroupRules: [],
  ulimits: [],
  resources: {},
  log: null,
  exitFile: "/c/exit",
};

export function examplePlan(change: Partial<WorkloadSpec> = {}, facts: Partial<PlanFacts> = {}): RunPlan {
  const dirs = {
    memory: "/cg/memory/x/s",
    cpu: "/cg/cpu/x/s",
    cpuset: "/cg/cpuset/x/s",
    pids: "/cg/pids/x/s",
    devices: "/cg/devices/x/s",
    blkio: "/cg/blkio/x/s",
    unified: "/cg/x/s",
  };
  return planRun({ ...exampleSpec, ...change }, { ...exampleFacts, ...facts }, dirs);
}
