/** What v1 and v2 have in common: which limits the host can hold, and Docker's arithmetic between its options. */
import { EngineError, invalidArgument } from "../../base/errors.ts";
import type { DeviceLookup } from "../../security/index.ts";
import type { Resources } from "../spec.ts";
import type { CgroupFacts, Controller } from "./plan-cgroup-facts.ts";
import type { CgroupDirs } from "./plan-prepare.ts";

export type CgroupChange = {
  facts: CgroupFacts;
  dirs: CgroupDirs;
  resources: Resources;
  lookup: DeviceLookup;
  /** The cgroup is new and has the kernel's defaults. */
  fresh: boolean;
};

export const defaultPeriodUs = 100_000;

const needs: readonly [Controller, string, (resources: Resources) => unknown][] = [
  ["memory", "memory", (r) => r.memory || r.memoryReservation || r.memorySwap || r.oomKillDisable],
  ["cpu", "CPU", (r) => r.nanoCpus || r.cpuShares || r.cpuQuotaUs || r.cpuPeriodUs || r.cpuRealtimeRuntimeUs],
  ["cpuset", "CPU set", (r) => r.cpusetCpus || r.cpusetMems],
  ["pids", "process number", (r) => (r.pids ?? 0) > 0],
  ["blkio", "block I/O", (r) => r.blkioWeight || r.blkioWeightDevice?.length || r.blkioThrottle?.length],
  ["hugetlb", "huge page", (r) => r.hugetlb?.length],
];

/** Limits of `resources` that this host cannot hold, one sentence each. Shown as warnings when the container is created. */
export function cgroupWarnings(facts: CgroupFacts, resources: Resources): string[] {
  const warnings = needs
    .filter(([controller, , asked]) => asked(resources) && !hasController(facts, controller))
    .map(([, word]) => `This host has no cgroup controller for the ${word} limit: it is not applied.`);
  const memory = hasController(facts, "memory");
  if (memory && facts.mode === "v1" && (resources.memory || resources.memorySwap) && !hasSwapLimit(facts)) {
    warnings.push("This kernel cannot limit swap: the memory limit applies without it.");
  }
  if (facts.mode === "v2" && (resources.memorySwappiness ?? -1) >= 0) {
    warnings.push("Swappiness is not a property of a cgroup v2: it is not applied.");
  }
  if (
    facts.mode === "v1" &&
    blkioWeightFile(facts) === null &&
    (resources.blkioWeight || resources.blkioWeightDevice?.length)
  ) {
    warnings.push("This kernel has no block I/O weight: it is not applied.");
  }
  return warnings;
}

export function hasController(facts: CgroupFacts, controller: Controller): boolean {
  if (facts.mode === "v1") return facts.v1[controller] !== undefined;
  if (facts.mode === "none") return false;
  const name = controller === "blkio" ? "io" : controller;
  return ["devices", "freezer", "cpuacct"].includes(name) || (facts.v2?.controllers.includes(name) ?? false);
}

const limiting = ["memory", "cpu", "cpuset", "pids", "blkio", "hugetlb", "devices"] as const;

/** What a container can be limited by here, for `info`. */
export function heldLimits(facts: CgroupFacts): {
  controllers: ReadonlySet<(typeof limiting)[number]>;
  swapLimit: boolean;
} {
  const controllers = new Set(limiting.filter((name) => hasController(facts, name)));
  return { controllers, swapLimit: facts.mode === "v2" ? controllers.has("memory") : hasSwapLimit(facts) };
}

export const hasSwapLimit = (facts: CgroupFacts): boolean => facts.files.has("memory.memsw.limit_in_bytes");

/** v1: with BFQ alone the plain weight file is missing. */
export function blkioWeightFile(facts: CgroupFacts): string | null {
  return ["blkio.weight", "blkio.bfq.weight"].find((name) => facts.files.has(name)) ?? null;
}

/** Combinations that no kernel holds. */
export function checkResources({ facts, resources: r, fresh }: CgroupChange): void {
  const bad = (what: string, state: string) => invalidArgument("engine.resources", `Cannot set ${what}: ${state}`);
  if (r.nanoCpus && (r.cpuQuotaUs || r.cpuPeriodUs)) throw bad("--cpus", "a CPU quota or period is given too");
  const swap = r.memorySwap ?? 0;
  if (fresh && swap > 0 && !r.memory) throw bad("the swap limit", "there is no memory limit");
  if (swap > 0 && r.memory && swap < r.memory)
    throw bad("the swap limit", "it is below the memory limit, which it includes");
  if (r.memoryReservation && r.memory && r.memoryReservation > r.memory) {
    throw bad("the memory reservation", "it is above the memory limit");
  }
  const unsupported = (what: string) =>
    new EngineError({
      code: "engine.resources_unsupported",
      kind: "invalid_argument",
      message: `Cannot set ${what}: this host has cgroup v2, which has no such limit`,
      hint: "leave the option out",
    });
  if (facts.mode === "v2" && r.oomKillDisable) throw unsupported("--oom-kill-disable");
  if (facts.mode === "v2" && (r.cpuRealtimeRuntimeUs || r.cpuRealtimePeriodUs))
    throw unsupported("real-time CPU limits");
}

/** Quota and period as the scheduler takes them. */
export function cpuBandwidth(r: Resources): { quotaUs: number | null; periodUs: number | null } {
  if (r.nanoCpus) return { quotaUs: Math.round((r.nanoCpus * defaultPeriodUs) / 1e9), periodUs: defaultPeriodUs };
  return { quotaUs: r.cpuQuotaUs || null, periodUs: r.cpuPeriodUs || null };
}

/** Memory plus swap; Docker gives as much swap as memory where nothing is said. -1: unlimited. */
export function memoryAndSwap(r: Resources): number | null {
  if (r.memorySwap) return r.memorySwap;
  return r.memory && r.memory > 0 ? r.memory * 2 : null;
}

/** `major:minor` of a block device by its host path. */
export function deviceNumber(path: string, lookup: DeviceLookup): string {
  const found = lookup(path);
  if (found === null || "directory" in found || found.type !== "b") {
    throw invalidArgument("engine.resources", `Cannot limit I/O of ${path}: it is not a block device on this host`);
  }
  return `${found.major}:${found.minor}`;
}
