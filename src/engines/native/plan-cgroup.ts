/**
 * Cgroups of a container as plain writes. `planPrepareCgroup` (plan-prepare.ts) is applied ahead of time and carries everything that is the
 * same for all; `planContainerCgroup` is applied at the start and is empty for a container without limits.
 *
 * The tree is `/hyperbox-<8 hex of sha256(home)>/<spare id>` in every hierarchy. On v1 our holder process sits in the
 * container's cgroup, so pids.max is one more than asked for.
 */
import { type DeviceLookup, type DeviceRule, defaultDeviceRules, deviceRuleText } from "../../security/index.ts";
import type { Resources } from "../spec.ts";
import type { CgroupWrite } from "./plan.ts";
import type { CgroupFacts, Controller } from "./plan-cgroup-facts.ts";
import { type CgroupChange, checkResources } from "./plan-cgroup-limits.ts";
import { v1Writes } from "./plan-cgroup-v1.ts";
import { v2Writes } from "./plan-cgroup-v2.ts";
import { deviceProgram } from "./plan-device-program.ts";
import type { CgroupDirs } from "./plan-prepare.ts";

export { cgroupWarnings } from "./plan-cgroup-limits.ts";
export { type CgroupDirs, cgroupRootName, type PrepareCgroupPlan, planPrepareCgroup } from "./plan-prepare.ts";

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
