/** Comparison of a 64-bit argument as two 32-bit words; the kernel's filter machine has 32-bit registers. */
import { type Assembler, type Label, op } from "./bpf-assembler.ts";
import type { ArgumentCondition } from "./profile.ts";

/** struct seccomp_data: nr, arch, instruction_pointer (8 bytes), args[6]; both our architectures are little-endian. */
const argumentsOffset = 16;

/** Goes to `yes` or `no`. Answers where it begins. */
export function compileCondition(asm: Assembler, condition: ArgumentCondition, yes: Label, no: Label): Label {
  const { index, value, valueTwo } = condition;
  const low = argumentsOffset + index * 8;
  const high = low + 4;
  const word = (of: bigint) => ({ high: Number(of >> 32n), low: Number(of & 0xffff_ffffn) });

  const equal = (mask: { high: number; low: number } | null, wanted: bigint, met: Label, unmet: Label): Label => {
    const { high: wantedHigh, low: wantedLow } = word(wanted);
    asm.branch(op.jumpEqual, wantedLow, met, unmet);
    if (mask) asm.and(mask.low);
    const lowPart = asm.load(low);
    asm.branch(op.jumpEqual, wantedHigh, lowPart, unmet);
    if (mask) asm.and(mask.high);
    return asm.load(high);
  };
  const above = (code: number, met: Label, unmet: Label): Label => {
    const wanted = word(value);
    asm.branch(code, wanted.low, met, unmet);
    const lowPart = asm.load(low);
    const highEqual = asm.branch(op.jumpEqual, wanted.high, lowPart, unmet);
    asm.branch(op.jumpGreater, wanted.high, met, highEqual);
    return asm.load(high);
  };

  switch (condition.op) {
    case "SCMP_CMP_EQ":
      return equal(null, value, yes, no);
    case "SCMP_CMP_NE":
      return equal(null, value, no, yes);
    case "SCMP_CMP_MASKED_EQ":
      return equal(word(value), valueTwo & value, yes, no);
    case "SCMP_CMP_GT":
      return above(op.jumpGreater, yes, no);
    case "SCMP_CMP_GE":
      return above(op.jumpGreaterEqual, yes, no);
    case "SCMP_CMP_LT":
      return above(op.jumpGreaterEqual, no, yes);
    case "SCMP_CMP_LE":
      return above(op.jumpGreater, no, yes);
  }
}
