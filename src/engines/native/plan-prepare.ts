/** The cgroup half of `prepare`: directories and everything that is the same for all containers, ahead of time. */
import { createHash } from "node:crypto";
import { defaultDeviceRules, deviceRuleText } from "../../security/index.ts";
import type { CgroupWrite } from "./plan.ts";
import type { CgroupFacts } from "./plan-cgroup-facts.ts";

/** By controller on v1; the one directory as `unified` on v2; empty without cgroups. */
export type CgroupDirs = Readonly<Record<string, string>>;

export type PrepareCgroupPlan = {
  /** The `prepare` frame's part. */
  prepare: { dirs: string[]; writes: CgroupWrite[]; v2Dir?: string };
  dirs: Record<string, string>;
};

export function cgroupRootName(home: string): string {
  return `hyperbox-${createHash("sha256").update(home).digest("hex").slice(0, 8)}`;
}

export function planPrepareCgroup(facts: CgroupFacts, home: string, spareId: string): PrepareCgroupPlan {
  const root = cgroupRootName(home);
  if (facts.mode === "v2" && facts.v2) return onV2(facts.v2, root, spareId);
  return facts.mode === "v1" ? onV1(facts, root, spareId) : { prepare: { dirs: [], writes: [] }, dirs: {} };
}

function onV2({ base, controllers }: NonNullable<CgroupFacts["v2"]>, root: string, spareId: string): PrepareCgroupPlan {
  const parent = `${base}/${root}`;
  const v2Dir = `${parent}/${spareId}`;
  const offered = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"].filter((name) => controllers.includes(name));
  const value = offered.map((name) => `+${name}`).join(" ");
  const writes = value === "" ? [] : [base, parent].map((at) => ({ path: `${at}/cgroup.subtree_control`, value }));
  return { prepare: { dirs: [], writes, v2Dir }, dirs: { unified: v2Dir } };
}

function onV1(facts: CgroupFacts, root: string, spareId: string): PrepareCgroupPlan {
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
  return { prepare: { dirs: [...new Set(Object.values(byController))], writes }, dirs: byController };
}
