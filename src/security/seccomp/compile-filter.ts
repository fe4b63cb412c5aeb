/**
 * Selected rules to a classic BPF program: architecture, then a binary search over ranges of system call numbers that
 * share a verdict, then conditions on arguments. A call by an architecture that the profile does not name kills.
 */
import { badProfile } from "../errors.ts";
import { type Arch, x32Bit } from "./architectures.ts";
import { type Assembler, createAssembler, type Label, maxInstructions, op } from "./bpf-assembler.ts";
import { compileCondition } from "./compile-condition.ts";
import type { Rule, SelectedRules } from "./select-rules.ts";

const killProcess = 0x8000_0000;
const numberOffset = 0;
const archOffset = 4;

/** Numbers from `start` to the next range's start. `rules` is null where only the default applies. */
type Range = { start: number; rules: readonly Rule[] | null };

export function compileFilter(selected: SelectedRules): Uint8Array {
  const asm = createAssembler();
  const sections = byAudit(selected.arches).map((arches) => ({
    audit: arches[0]?.audit ?? 0,
    label: compileSection(asm, rangesOf(arches, selected), selected.defaultResult),
  }));
  let next = asm.return(killProcess);
  for (const { audit, label } of sections) next = asm.branch(op.jumpEqual, audit, label, next);
  asm.load(archOffset);
  if (asm.length > maxInstructions) {
    throw badProfile("it", `needs ${asm.length} instructions, the kernel takes at most ${maxInstructions}`);
  }
  return asm.toBytes();
}

/** The native architecture last, so that its check comes first in the program. */
function byAudit(arches: readonly Arch[]): Arch[][] {
  const groups = new Map<number, Arch[]>();
  for (const arch of arches) groups.set(arch.audit, [...(groups.get(arch.audit) ?? []), arch]);
  return [...groups.values()].reverse();
}

function rangesOf(arches: readonly Arch[], { rules }: SelectedRules): Range[] {
  const numbered = new Map<number, readonly Rule[]>();
  for (const { numbers } of arches) {
    for (const [name, list] of rules) {
      const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
      if (number !== undefined) numbered.set(number, [...(numbered.get(number) ?? []), ...list]);
    }
  }
  const ranges: Range[] = [{ start: 0, rules: null }];
  const set = (start: number, list: readonly Rule[] | null): void => {
    const last = ranges.at(-1);
    if (last?.start === start) ranges.pop();
    const before = ranges.at(-1);
    if (!before || !sameVerdict(before.rules, list)) ranges.push({ start, rules: list });
  };
  for (const number of [...numbered.keys()].sort((a, b) => a - b)) {
    set(number, numbered.get(number) ?? null);
    set(number + 1, null);
  }
  // Numbers of x32 where the profile does not name it are another architecture's.
  const without =
    arches.some(({ name }) => name === "SCMP_ARCH_X86_64") && !arches.some(({ name }) => name === "SCMP_ARCH_X32");
  if (without) set(x32Bit, [{ conditions: [], result: killProcess }]);
  return ranges;
}

/** Only unconditional verdicts are merged; conditional ones are rare. */
function sameVerdict(a: readonly Rule[] | null, b: readonly Rule[] | null): boolean {
  if (a === null || b === null) return a === b;
  const [first, other] = [a[0], b[0]];
  if (!first || !other || first.conditions.length > 0 || other.conditions.length > 0) return a === b;
  return first.result === other.result;
}

function compileSection(asm: Assembler, ranges: readonly Range[], defaultResult: number): Label {
  const search = (from: number, to: number): Label => {
    if (to - from === 1) return compileVerdict(asm, ranges[from]?.rules ?? [], defaultResult);
    const middle = (from + to) >> 1;
    const upper = search(middle, to);
    const lower = search(from, middle);
    return asm.branch(op.jumpGreaterEqual, ranges[middle]?.start ?? 0, upper, lower);
  };
  asm.goto(search(0, ranges.length));
  return asm.load(numberOffset);
}

function compileVerdict(asm: Assembler, rules: readonly Rule[], defaultResult: number): Label {
  const unconditional = rules.findIndex(({ conditions }) => conditions.length === 0);
  const relevant = unconditional === -1 ? rules : rules.slice(0, unconditional);
  let next = asm.return(unconditional === -1 ? defaultResult : (rules[unconditional]?.result ?? defaultResult));
  for (const { conditions, result } of relevant.toReversed()) {
    const unmet = next;
    next = asm.return(result);
    for (const condition of conditions.toReversed()) next = compileCondition(asm, condition, next, unmet);
  }
  return next;
}
