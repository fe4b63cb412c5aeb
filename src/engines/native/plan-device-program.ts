/**
 * The device access list as an eBPF program (BPF_PROG_TYPE_CGROUP_DEVICE): what no rule allows is denied. Assembled by
 * hand, 8 bytes an instruction: opcode, registers, 16-bit offset, 32-bit immediate.
 */
import type { DeviceRule } from "../../security/index.ts";

const op = {
  loadWord: 0x61,
  and: 0x54,
  shiftRight: 0x74,
  move: 0xbc,
  moveValue: 0xb4,
  notEqual: 0x55,
  notEqualReg: 0x5d,
  exit: 0x95,
};
/** Registers: the context, what is asked, the numbers, and a scratch one. */
const reg = { result: 0, context: 1, type: 2, access: 3, major: 4, minor: 5, asked: 6 };
const typeBits = { b: 1, c: 2 };
const accessBits: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const allAccess = 7;

type Instruction = { code: number; to: number; from?: number; offset?: number; value?: number };

export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const code: Instruction[] = [
    { code: op.loadWord, to: reg.type, from: reg.context, offset: 0 },
    { code: op.move, to: reg.access, from: reg.type },
    { code: op.and, to: reg.type, value: 0xffff },
    { code: op.shiftRight, to: reg.access, value: 16 },
    { code: op.loadWord, to: reg.major, from: reg.context, offset: 4 },
    { code: op.loadWord, to: reg.minor, from: reg.context, offset: 8 },
    ...rules.flatMap(allow),
    { code: op.moveValue, to: reg.result, value: 0 },
    { code: op.exit, to: 0 },
  ];
  const bytes = new Uint8Array(code.length * 8);
  const view = new DataView(bytes.buffer);
  code.forEach(({ code: opcode, to, from = 0, offset = 0, value = 0 }, index) => {
    view.setUint8(index * 8, opcode);
    view.setUint8(index * 8 + 1, to | (from << 4));
    view.setInt16(index * 8 + 2, offset, true);
    view.setInt32(index * 8 + 4, value, true);
  });
  return bytes;
}

/** Allows and ends when everything fits; each test that fails jumps behind this rule. */
function allow({ type, major, minor, access }: DeviceRule): Instruction[] {
  const bits = [...access].reduce((all, letter) => all | (accessBits[letter] ?? 0), 0);
  const tests: Instruction[] = [];
  if (type !== "a") tests.push({ code: op.notEqual, to: reg.type, value: typeBits[type] });
  if (bits !== allAccess) {
    tests.push({ code: op.move, to: reg.asked, from: reg.access });
    tests.push({ code: op.and, to: reg.asked, value: bits });
    tests.push({ code: op.notEqualReg, to: reg.asked, from: reg.access });
  }
  if (major !== null) tests.push({ code: op.notEqual, to: reg.major, value: major });
  if (minor !== null) tests.push({ code: op.notEqual, to: reg.minor, value: minor });
  const body: Instruction[] = [...tests, { code: op.moveValue, to: reg.result, value: 1 }, { code: op.exit, to: 0 }];
  return body.map((one, at) =>
    one.code === op.notEqual || one.code === op.notEqualReg ? { ...one, offset: body.length - at - 1 } : one,
  );
}
