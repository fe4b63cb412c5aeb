/**
 * Cgroups of a container as plain writes. `planPrepareCgroup` is applied ahead of time and carries everything that is the
 * same for all; `planContainerCgroup` is applied at the start and is empty for a container without limits.
 *
 * The tree is `/hyperbox-<8 hex of sha256(home)>/<spare id>` in every hierarchy. On v1 our holder process sits in the
 * container's cgroup, so pids.max is one more than asked for.
 */
import { createHash } from "node:crypto";
import { type DeviceLookup, type DeviceRule, defaultDeviceRules, deviceRuleText } from "../../security/index.ts";
import type { Resources } from "../spec.ts";
import type { CgroupWrite } from "./plan.ts";
import type { CgroupFacts, Controller } from "./plan-cgroup-facts.ts";
import { type CgroupChange, checkResources } from "./plan-cgroup-limits.ts";
import { v1Writes } from "./plan-cgroup-v1.ts";
import { v2Writes } from "./plan-cgroup-v2.ts";
import { deviceProgram } from "./plan-device-program.ts";

/** By controller on v1; the one directory as `unified` on v2; empty without cgroups. */
export type CgroupDirs = Readonly<Record<string, string>>;

export type PrepareCgroupPlan = { dirs: string[]; writes: CgroupWrite[]; v2Dir?: string; byController: CgroupDirs };

export function cgroupRootName(home: string): string {
  return `hyperbox-${createHash("sha256").update(home).digest("hex").slice(0, 8)}`;
}

export function planPrepareCgroup(facts: CgroupFacts, home: string, spareId: string): PrepareCgroupPlan {
  const root = cgroupRootName(home);
  if (facts.mode === "v2" && facts.v2) {
    const { base, controllers } = facts.v2;
    const parent = `${base}/${root}`;
    const dir = `${parent}/${spareId}`;
    const offered = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"].filter((name) => controllers.includes(name));
    const value = offered.map((name) => `+${name}`).join(" ");
    const writes = value === "" ? [] : [base, parent].map((at) => ({ path: `${at}/cgroup.subtree_control`, value }));
    return { dirs: [], writes, v2Dir: dir, byController: { unified: dir } };
  }
  if (facts.mode !== "v1") return { dirs: [], writes: [], byController: {} };
  const byController: Record<string, string> = {};
  for (const [name, mount] of Object.entries(facts.v1)) byController[name] = `${mount}/${root}/${spareId}`;
  const writes: CgroupWrite[] = [];
  if (facts.v1.cpuset !== undefined) {
    // A cpuset is born empty and takes no process then; writing the same value again costs the kernel nothing.
    for (const dir of [`${facts.v1.cpuset}/${root}`, `${facts.v1.cpuset}/${root}/${spareId}`]) {
      writes.push({ path: `${dir}/cpuset.cpus`, value: facts.cpuset.cpus });
      writes.push({ path: `${dir}/cpuset.mems`, value: facts.cpuset.mems });
    }
  }
  const devices = byController["devices"];
  if (devices !== undefined) {
    writes.push({ path: `${devices}/devices.deny`, value: "a" });
    for (const rule of defaultDeviceRules)
      writes.push({ path: `${devices}/devices.allow`, value: deviceRuleText(rule) });
  }
  return { dirs: [...new Set(Object.values(byController))], writes, byController };
}

export type ContainerCgroupInput = {
  facts: CgroupFacts;
  dirs: CgroupDirs;
  resources: Resources;
  privileged: boolean;
  /** Beyond the default rules. */
  deviceRules: readonly DeviceRule[];
  lookup: DeviceLookup;
};
export type ContainerCgroupPlan = { writes: CgroupWrite[]; deviceProgram?: Uint8Array; oomWatchDir?: string };

export function planContainerCgroup(input: ContainerCgroupInput): ContainerCgroupPlan {
  const { facts, dirs, resources, privileged, deviceRules, lookup } = input;
  const change: CgroupChange = { facts, dirs, resources, lookup, fresh: true };
  if (facts.mode === "none") return { writes: [] };
  checkResources(change);
  if (facts.mode === "v2") {
    const plan: ContainerCgroupPlan = { writes: v2Writes(change) };
    if (!privileged) plan.deviceProgram = deviceProgram([...defaultDeviceRules, ...deviceRules]);
    return plan;
  }
  const writes = v1Writes(change);
  const devices = dirs["devices"];
  if (devices !== undefined) {
    const values = privileged ? ["a"] : deviceRules.map(deviceRuleText);
    for (const value of values) writes.push({ path: `${devices}/devices.allow`, value });
  }
  return dirs["memory"] === undefined ? { writes } : { writes, oomWatchDir: dirs["memory"] };
}

export type CgroupUpdateInput = {
  facts: CgroupFacts;
  dirs: CgroupDirs;
  /** The limits that change; those not named stay. */
  resources: Resources;
  lookup: DeviceLookup;
};

/** Writes for a live change. Raising and lowering memory work alike: swap is opened first and closed last. */
export function planCgroupUpdate({ facts, dirs, resources, lookup }: CgroupUpdateInput): CgroupWrite[] {
  const change: CgroupChange = { facts, dirs, resources, lookup, fresh: false };
  checkResources(change);
  if (facts.mode === "none") return [];
  return facts.mode === "v2" ? v2Writes(change) : v1Writes(change);
}

/** Stops or resumes every process of the container; null where no cgroup can do that. */
export function planFreeze(dirs: CgroupDirs, frozen: boolean): CgroupWrite | null {
  const [v1, v2] = [dirs["freezer" satisfies Controller], dirs["unified"]];
  if (v1 !== undefined) return { path: `${v1}/freezer.state`, value: frozen ? "FROZEN" : "THAWED" };
  return v2 === undefined ? null : { path: `${v2}/cgroup.freeze`, value: frozen ? "1" : "0" };
}
