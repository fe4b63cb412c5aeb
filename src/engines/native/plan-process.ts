/** Process plans: identity, privileges and limits of the container's init and of later execs. */
import {
  capabilityNames,
  parseCapability,
  planCapabilities,
  planRlimits,
  type SeccompFilters,
} from "../../security/index.ts";
import type { ProcessSpec, SecuritySpec, WorkloadSpec } from "../spec.ts";
import type { CapabilitySets, ProcessPlan, SeccompPlan } from "./plan.ts";

export type ProcessFacts = {
  seccomp: SeccompFilters;
  /** Highest capability the kernel knows (/proc/sys/kernel/cap_last_cap). */
  lastCapability: number;
  /** What the daemon may hand on (CapBnd in /proc/self/status); a host that is itself a container holds some back. */
  capabilityBound: bigint;
};

export function planInit(spec: WorkloadSpec, facts: ProcessFacts): ProcessPlan {
  return planProcess(spec, spec.process, facts, true);
}

export function planProcess(
  { security, ulimits, resources }: Pick<WorkloadSpec, "security" | "ulimits" | "resources">,
  { args, env, cwd, user, groups }: ProcessSpec,
  facts: ProcessFacts,
  createCwd: boolean,
): ProcessPlan {
  const last = facts.lastCapability;
  const own = planCapabilities({ add: security.capAdd, drop: security.capDrop, privileged: security.privileged, last });
  // All is all that there is; what was named has to be had.
  const named = new Set(security.privileged ? [] : security.capAdd.filter((name) => !isAll(name)).map(parseCapability));
  const all = wantsAll(security);
  const held = own.filter((number) => !all || named.has(number) || has(facts.capabilityBound, number));
  const seccomp = planSeccomp(security, own, facts.seccomp);
  return {
    args: [...args],
    env: [...env],
    cwd: cwd || "/",
    createCwd,
    user,
    groups: [...groups],
    capabilities: capabilitySets(held),
    noNewPrivileges: security.noNewPrivileges,
    ...(seccomp ? { seccomp } : {}),
    rlimits: planRlimits(ulimits),
    ...(resources.oomScoreAdj ? { oomScoreAdj: resources.oomScoreAdj } : {}),
  };
}

const isAll = (name: string): boolean => /^(cap_)?all$/i.test(name.trim());
const wantsAll = ({ privileged, capAdd }: Pick<SecuritySpec, "privileged" | "capAdd">): boolean =>
  privileged || capAdd.some(isAll);
const has = (set: bigint, number: number): boolean => ((set >> BigInt(number)) & 1n) === 1n;

/** Privileged is everything that the host has to give; what it lacks is told when the container is created. */
export function privilegeWarnings(
  security: Pick<SecuritySpec, "privileged" | "capAdd">,
  { lastCapability, capabilityBound }: Pick<ProcessFacts, "lastCapability" | "capabilityBound">,
): string[] {
  if (!wantsAll(security)) return [];
  const all = planCapabilities({ add: [], drop: [], privileged: true, last: lastCapability });
  const lacking = all.filter((number) => !has(capabilityBound, number));
  if (lacking.length === 0) return [];
  const names = lacking.map((number) => capabilityNames[number]?.slice("CAP_".length) ?? number);
  return [`This host cannot give all capabilities: the container runs without ${names.join(", ")}.`];
}

/** Nothing is inheritable or ambient: what a program gains, it gains by its own file. */
function capabilitySets(held: number[]): CapabilitySets {
  return { bounding: held, effective: held, permitted: held, inheritable: [], ambient: [] };
}

/** As in Docker, privileged means unfiltered unless a profile is named. */
function planSeccomp(security: SecuritySpec, held: readonly number[], filters: SeccompFilters): SeccompPlan | null {
  const { seccomp, privileged } = security;
  if (seccomp.kind === "profile") return filters.custom(seccomp.json, held);
  return seccomp.kind === "unconfined" || privileged ? null : filters.default(held);
}
