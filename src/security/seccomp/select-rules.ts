/** What of a profile applies to one container: conditions on architecture, capabilities and kernel are decided here. */
import { type Arch, architectures, familyOf, goArch, type NativeArch, nativeArchName } from "./architectures.ts";
import type { ArgumentCondition, Filter, KernelVersion, SeccompAction, SeccompProfile } from "./profile.ts";

export type SeccompTarget = { arch: NativeArch; kernel: KernelVersion; capabilities: readonly string[] };

/** All conditions hold → `result`. */
export type Rule = { conditions: readonly ArgumentCondition[]; result: number };

export type SelectedRules = {
  /** SECCOMP_RET_* with its data. */
  defaultResult: number;
  arches: readonly Arch[];
  /** By system call name; the first rule that matches decides, none: the default. */
  rules: ReadonlyMap<string, readonly Rule[]>;
};

const eperm = 1;
const results: Readonly<Record<SeccompAction, number>> = {
  SCMP_ACT_KILL: 0x0000_0000,
  SCMP_ACT_KILL_THREAD: 0x0000_0000,
  SCMP_ACT_KILL_PROCESS: 0x8000_0000,
  SCMP_ACT_TRAP: 0x0003_0000,
  SCMP_ACT_ERRNO: 0x0005_0000,
  SCMP_ACT_TRACE: 0x7ff0_0000,
  SCMP_ACT_LOG: 0x7ffc_0000,
  SCMP_ACT_ALLOW: 0x7fff_0000,
};

export function selectRules(profile: SeccompProfile, target: SeccompTarget): SelectedRules {
  const rules = new Map<string, Rule[]>();
  const caps = new Set(target.capabilities);
  for (const entry of profile.syscalls) {
    if (!included(entry.includes, target, caps) || excluded(entry.excludes, target, caps)) continue;
    const result = resultOf(entry.action, entry.errnoRet);
    const alternatives = alternativesOf(entry.args);
    for (const name of entry.names) {
      const list = rules.get(name) ?? [];
      for (const conditions of alternatives) list.push({ conditions, result });
      rules.set(name, list);
    }
  }
  return {
    defaultResult: resultOf(profile.defaultAction, profile.defaultErrnoRet),
    arches: archesOf(profile, target),
    rules,
  };
}

function resultOf(action: SeccompAction, data: number | null): number {
  const carriesData = action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
  return (results[action] | (carriesData ? (data ?? eperm) : 0)) >>> 0;
}

/** Conditions on different arguments are all needed; where one argument has several, runc takes each for itself. */
function alternativesOf(args: readonly ArgumentCondition[]): readonly (readonly ArgumentCondition[])[] {
  const repeated = new Set(args.map(({ index }) => index)).size < args.length;
  return repeated ? args.map((condition) => [condition]) : [args];
}

function archesOf(profile: SeccompProfile, { arch }: SeccompTarget): Arch[] {
  const native = nativeArchName[arch];
  const mapped = profile.archMap.find(({ architecture }) => architecture === native);
  const named = profile.architectures.length > 0 ? profile.architectures : (mapped?.subArchitectures ?? []);
  return familyOf[arch].filter((name) => name === native || named.includes(name)).map((name) => architectures[name]);
}

function included(filter: Filter, { arch, kernel }: SeccompTarget, caps: ReadonlySet<string>): boolean {
  return (
    (filter.arches.length === 0 || filter.arches.includes(goArch[arch])) &&
    filter.caps.every((name) => caps.has(name)) &&
    (filter.minKernel === null || atLeast(kernel, filter.minKernel))
  );
}

function excluded(filter: Filter, { arch, kernel }: SeccompTarget, caps: ReadonlySet<string>): boolean {
  return (
    filter.arches.includes(goArch[arch]) ||
    filter.caps.some((name) => caps.has(name)) ||
    (filter.minKernel !== null && atLeast(kernel, filter.minKernel))
  );
}

const atLeast = (have: KernelVersion, want: KernelVersion): boolean =>
  have.major > want.major || (have.major === want.major && have.minor >= want.minor);
