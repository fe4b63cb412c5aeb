/** A workload and the host's facts to the finished plan. Pure: what must be looked up on the host is in the facts. */
import {
  type DeviceLookup,
  type DeviceRule,
  defaultDevices,
  defaultMaskedPaths,
  defaultReadonlyPaths,
  parseDeviceRule,
  planDevice,
  planSysctls,
} from "../../security/index.ts";
import type { WorkloadSpec } from "../spec.ts";
import type { DeviceNode, RunPlan } from "./plan.ts";
import { planContainerCgroup } from "./plan-cgroup.ts";
import type { CgroupFacts } from "./plan-cgroup-facts.ts";
import { clean, planMounts } from "./plan-mounts.ts";
import type { CgroupDirs } from "./plan-prepare.ts";
import { type ProcessFacts, planInit } from "./plan-process.ts";

export type PlanFacts = ProcessFacts & {
  cgroups: CgroupFacts;
  /** The daemon runs without privileges, in a user namespace of its own. */
  rootless: boolean;
  /** That namespace has a single id. */
  singleId: boolean;
  /** The layer below every image (`makeSkeleton`). */
  skeleton: string | null;
  /** The host has its message queues mounted at /dev/mqueue. */
  hostQueues: boolean;
  /** Called for `--device` and per-device I/O limits only. */
  lookupDevice: DeviceLookup;
  /** Every node below the host's /dev, for privileged containers. Called for those only. */
  hostDevices(): readonly DeviceNode[];
};

const symlinks: [string, string][] = [
  ["/proc/self/fd", "/dev/fd"],
  ["/proc/self/fd/0", "/dev/stdin"],
  ["/proc/self/fd/1", "/dev/stdout"],
  ["/proc/self/fd/2", "/dev/stderr"],
  ["pts/ptmx", "/dev/ptmx"],
  ["/proc/kcore", "/dev/core"],
];

/** `dirs` are those of the spare that was claimed. Throws an EngineError for what cannot be asked together. */
export function planRun(spec: WorkloadSpec, facts: PlanFacts, dirs: CgroupDirs): RunPlan {
  const { namespaces, security, root } = spec;
  const { privileged } = security;
  const devices = planDevices(spec, facts);
  // With the host's or an image's own /dev bound over it, /dev is left as it is.
  const ownDev = !spec.mounts.some(({ target }) => clean(target) === "/dev");
  const { uts, ipc, net, user } = namespaces;
  return {
    version: 1,
    id: spec.id,
    exitFile: spec.exitFile,
    log: spec.log,
    stdio: spec.stdio,
    namespaces: user ? { ...namespaces, user } : { pid: namespaces.pid, uts, ipc, cgroup: namespaces.cgroup, net },
    // A host's name is not the container's to set.
    hostname: uts.kind === "new" ? spec.hostname : "",
    domainname: uts.kind === "new" ? spec.domainname : "",
    root: {
      // A stack with contents of its own is one layer, mount points included.
      lowers: facts.skeleton === null || root.data ? [...root.lowers] : [...root.lowers, facts.skeleton],
      ...(root.data ? { data: [...root.data] } : {}),
      upper: root.upper,
      work: root.work,
      volatile: root.volatile,
      readonly: root.readonly,
      propagation: "rprivate",
      ...(user && !facts.rootless ? { idmap: true } : {}),
    },
    mounts: planMounts(spec, {
      cgroups: facts.cgroups.mode !== "none",
      singleId: facts.singleId,
      rootless: facts.rootless,
      hostQueues: facts.hostQueues,
    }),
    devices: ownDev ? devices.nodes : devices.nodes.slice(defaultDevices.length),
    symlinks: ownDev ? symlinks : [],
    maskedPaths: [...(security.maskedPaths ?? (privileged ? [] : defaultMaskedPaths))],
    readonlyPaths: [...(security.readonlyPaths ?? (privileged ? [] : defaultReadonlyPaths))],
    sysctls: planSysctls(spec.sysctls, {
      net: net.kind !== "host",
      ipc: ipc.kind !== "host",
      uts: uts.kind !== "host",
    }),
    cgroup: planContainerCgroup({
      facts: facts.cgroups,
      dirs,
      resources: spec.resources,
      // In a user namespace nobody can make a device node, and the kernel takes no device program from it.
      privileged: privileged || facts.rootless,
      deviceRules: devices.rules,
      lookup: facts.lookupDevice,
    }),
    init: spec.init,
    process: planInit(spec, facts),
  };
}

function planDevices(spec: WorkloadSpec, facts: PlanFacts): { nodes: DeviceNode[]; rules: DeviceRule[] } {
  const nodes = [...defaultDevices];
  const rules: DeviceRule[] = [];
  const add = (node: DeviceNode): void => {
    const at = nodes.findIndex(({ path }) => path === node.path);
    if (at === -1) nodes.push(node);
    else nodes[at] = node;
  };
  if (spec.security.privileged) for (const node of facts.hostDevices()) add(node);
  for (const device of spec.devices) {
    if ("path" in device) {
      add(device);
      if (device.type !== "p")
        rules.push({ type: device.type, major: device.major, minor: device.minor, access: "rwm" });
      continue;
    }
    const planned = planDevice(device, facts.lookupDevice);
    for (const node of planned.nodes) add(node);
    rules.push(...planned.rules);
  }
  for (const text of spec.deviceCgroupRules) rules.push(parseDeviceRule(text));
  return { nodes, rules };
}
