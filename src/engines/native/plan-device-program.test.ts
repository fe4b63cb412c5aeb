import { describe, expect, test } from "bun:test";
import { type DeviceRule, defaultDeviceRules } from "../../security/index.ts";
import { deviceProgram } from "./plan-device-program.ts";

const types = { b: 1, c: 2 } as const;
const bits: Record<string, number> = { m: 1, r: 2, w: 4 };

/** The part of the eBPF machine that the program uses. */
function allows(rules: readonly DeviceRule[], type: "b" | "c", major: number, minor: number, access: string): boolean {
  const program = deviceProgram(rules);
  const view = new DataView(program.buffer);
  const asked = [...access].reduce((all, letter) => all | (bits[letter] ?? 0), 0);
  const context = [types[type] | (asked << 16), major, minor];
  const registers = new Array<number>(11).fill(0);
  for (let pc = 0; pc * 8 < program.length; pc += 1) {
    const code = view.getUint8(pc * 8);
    const [to, from] = [view.getUint8(pc * 8 + 1) & 15, view.getUint8(pc * 8 + 1) >> 4];
    const [offset, value] = [view.getInt16(pc * 8 + 2, true), view.getInt32(pc * 8 + 4, true)];
    const [a, b] = [registers[to] ?? 0, registers[from] ?? 0];
    if (code === 0x61) registers[to] = context[offset / 4] ?? 0;
    else if (code === 0xbc) registers[to] = b;
    else if (code === 0xb4) registers[to] = value;
    else if (code === 0x54) registers[to] = a & value;
    else if (code === 0x74) registers[to] = a >>> value;
    else if (code === 0x55) pc += a !== value ? offset : 0;
    else if (code === 0x5d) pc += a !== b ? offset : 0;
    else if (code === 0x95) return registers[0] === 1;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error("the program ran over its end");
}

describe("deviceProgram()", () => {
  test("allows the default devices and mknod, denies the rest", () => {
    const rules = defaultDeviceRules;
    expect(allows(rules, "c", 1, 3, "rw")).toBe(true);
    expect(allows(rules, "c", 136, 77, "rw")).toBe(true);
    expect(allows(rules, "b", 8, 0, "m")).toBe(true);
    expect(allows(rules, "b", 8, 0, "r")).toBe(false);
    expect(allows(rules, "b", 8, 0, "rm")).toBe(false);
    expect(allows(rules, "c", 1, 1, "r")).toBe(false);
    expect(allows(rules, "b", 1, 3, "r")).toBe(false);
  });

  test("allows what a rule adds, of its access only", () => {
    const rules = [...defaultDeviceRules, { type: "c" as const, major: 10, minor: 229, access: "r" }];
    expect([allows(rules, "c", 10, 229, "r"), allows(rules, "c", 10, 229, "rw")]).toEqual([true, false]);
    expect(allows([{ type: "a", major: null, minor: null, access: "rwm" }], "b", 8, 0, "rwm")).toBe(true);
  });
});
