/** Process plans: identity, privileges and limits of the container's init and of later execs. */
import { planCapabilities, planRlimits, type SeccompFilters } from "../../security/index.ts";
import type { ProcessSpec, SecuritySpec, WorkloadSpec } from "../spec.ts";
import type { CapabilitySets, ProcessPlan, SeccompPlan } from "./plan.ts";

export type ProcessFacts = {
  seccomp: SeccompFilters;
  /** Highest capability the kernel knows (/proc/sys/kernel/cap_last_cap). */
  lastCapability: number;
};

export type ExecRequest = {
  args: readonly string[];
  /** Added to the container's; the same name wins. */
  env: readonly string[];
  /** Empty: the container's. */
  cwd: string;
  user: string;
  privileged: boolean;
  tty: boolean;
};

export function planInit(spec: WorkloadSpec, facts: ProcessFacts): ProcessPlan {
  return planProcess(spec, spec.process, spec.security.privileged, facts, true);
}

export function planExec(spec: WorkloadSpec, request: ExecRequest, facts: ProcessFacts): ProcessPlan {
  const { process, security } = spec;
  const env = mergeEnv(process.env, request.env);
  if (request.tty && !env.some((one) => one.startsWith("TERM="))) env.push("TERM=xterm");
  const sameUser = request.user === "";
  const merged: ProcessSpec = {
    args: request.args,
    env,
    cwd: request.cwd || process.cwd,
    user: sameUser ? process.user : request.user,
    groups: process.groups,
  };
  return planProcess(spec, merged, security.privileged || request.privileged, facts, false);
}

export function planProcess(
  { security, ulimits, resources }: Pick<WorkloadSpec, "security" | "ulimits" | "resources">,
  process: ProcessSpec,
  privileged: boolean,
  facts: ProcessFacts,
  createCwd: boolean,
): ProcessPlan {
  const last = facts.lastCapability;
  const own = planCapabilities({ add: security.capAdd, drop: security.capDrop, privileged: security.privileged, last });
  const held = privileged ? planCapabilities({ add: [], drop: [], privileged, last }) : own;
  const seccomp = planSeccomp(security, own, facts.seccomp);
  return {
    args: [...process.args],
    env: [...process.env],
    cwd: process.cwd || "/",
    createCwd,
    user: process.user,
    groups: [...process.groups],
    capabilities: capabilitySets(held),
    noNewPrivileges: security.noNewPrivileges,
    ...(seccomp ? { seccomp } : {}),
    rlimits: planRlimits(ulimits),
    ...(resources.oomScoreAdj ? { oomScoreAdj: resources.oomScoreAdj } : {}),
  };
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

/** A later `NAME=value` replaces an earlier one; `NAME` alone removes it. */
function mergeEnv(base: readonly string[], added: readonly string[]): string[] {
  const values = new Map<string, string>();
  for (const one of [...base, ...added]) {
    const equals = one.indexOf("=");
    if (equals === -1) values.delete(one);
    else values.set(one.slice(0, equals), one);
  }
  return [...values.values()];
}
