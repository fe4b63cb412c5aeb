/** The native engine: namespaces, cgroups, seccomp and mounts by our own core. */
export { createNativeEngine, type NativeEngine, type NativeEngineDeps, type NetworkPort } from "./engine.ts";
export { failureMessage } from "./failure-message.ts";
export { createHeldMounts, type HeldMounts } from "./held-mounts.ts";
export { createJobs, type DoneFrame, type JobOptions, type Jobs } from "./jobs.ts";
export { openNameControl } from "./name-control.ts";
export type { DeviceNode, ProcessPlan } from "./plan.ts";
export { heldLimits } from "./plan-cgroup-limits.ts";
export { planProcess } from "./plan-process.ts";
export type { PlanFacts } from "./plan-run.ts";
export { readCgroupFacts } from "./read-cgroup-facts.ts";
export { makeSkeleton, mountPoints } from "./skeleton.ts";
export { createZygote, type Zygote } from "./zygote.ts";
