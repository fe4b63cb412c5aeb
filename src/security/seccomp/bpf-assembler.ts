/**
 * Classic BPF, assembled from the last instruction to the first. All jumps go forward, so every target is already
 * there when a jump to it is written, and its distance is known. A label counts instructions from the program's end.
 */

export type Label = number;

export const op = {
  load: 0x20,
  and: 0x54,
  jumpEqual: 0x15,
  jumpGreater: 0x25,
  jumpGreaterEqual: 0x35,
  return: 0x06,
  jump: 0x05,
} as const;

/** BPF_MAXINSNS. */
export const maxInstructions = 4096;
const maxNear = 255;

export type Assembler = {
  return(value: number): Label;
  load(offset: number): Label;
  and(mask: number): Label;
  /** Two-way branch on the accumulator; far targets get a jump of their own. */
  branch(code: number, operand: number, whenTrue: Label, whenFalse: Label): Label;
  /** Makes what is written next (earlier in the program) go to `target` even when something else was written since. */
  goto(target: Label): Label;
  readonly length: number;
  toBytes(): Uint8Array;
};

type Instruction = { code: number; jt: number; jf: number; k: number };

export function createAssembler(): Assembler {
  const reversed: Instruction[] = [];
  const returns = new Map<number, Label>();

  const push = (code: number, k: number, jt = 0, jf = 0): Label => {
    reversed.push({ code, jt, jf, k: k >>> 0 });
    return reversed.length;
  };
  /** Distance from an instruction about to be written, with `between` more written before it. */
  const distance = (target: Label, between = 0): number => reversed.length + between - target;
  const near = (target: Label): Label => (distance(target, 2) > maxNear ? push(op.jump, distance(target)) : target);

  return {
    return(value) {
      const known = returns.get(value);
      if (known !== undefined && distance(known, 8) <= maxNear) return known;
      const label = push(op.return, value);
      returns.set(value, label);
      return label;
    },
    load: (offset) => push(op.load, offset),
    and: (mask) => push(op.and, mask),
    branch(code, operand, whenTrue, whenFalse) {
      const yes = near(whenTrue);
      const no = whenFalse === whenTrue ? yes : near(whenFalse);
      return push(code, operand, distance(yes), distance(no));
    },
    goto: (target) => (distance(target) === 0 ? target : push(op.jump, distance(target))),
    get length() {
      return reversed.length;
    },
    toBytes() {
      const bytes = new Uint8Array(reversed.length * 8);
      const view = new DataView(bytes.buffer);
      reversed.reverse().forEach(({ code, jt, jf, k }, index) => {
        view.setUint16(index * 8, code, true);
        view.setUint8(index * 8 + 2, jt);
        view.setUint8(index * 8 + 3, jf);
        view.setUint32(index * 8 + 4, k, true);
      });
      return bytes;
    },
  };
}
