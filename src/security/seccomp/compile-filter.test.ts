import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { capabilityNames, defaultCapabilities } from "../capabilities.ts";
import { architectures } from "./architectures.ts";
import { compileFilter } from "./compile-filter.ts";
import { createSeccompFilters } from "./filters.ts";
import { type Call, judge, resultName, runProgram } from "./interpret.test-support.ts";
import { parseSeccompProfile } from "./parse-profile.ts";
import type { ArgumentCondition, SeccompProfile } from "./profile.ts";
import { type SeccompTarget, selectRules } from "./select-rules.ts";

const docker = parseSeccompProfile(readFileSync(new URL("docker-default.json", import.meta.url), "utf8"));
const audits = [0xc000_003e, 0x4000_0003, 0xc000_00b7, 0x4000_0028];
const interesting = [
  0n,
  1n,
  8n,
  37n,
  38n,
  39n,
  40n,
  41n,
  0x7e02_0000n,
  0x1000_0000n,
  0xffff_ffffn,
  1n << 32n,
  (1n << 64n) - 1n,
];
const argument = fc.oneof(fc.constantFrom(...interesting), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
const call: fc.Arbitrary<Call> = fc.record({
  audit: fc.constantFrom(...audits),
  number: fc.oneof(
    fc.nat(600),
    fc.nat(600).map((n) => n + 0x4000_0000),
    fc.constantFrom(41, 56, 135, 435, 0xffff_ffff),
  ),
  args: fc.array(argument, { minLength: 6, maxLength: 6 }),
});
const target: fc.Arbitrary<SeccompTarget> = fc.record({
  arch: fc.constantFrom("x86_64" as const, "aarch64" as const),
  kernel: fc.record({ major: fc.integer({ min: 3, max: 6 }), minor: fc.nat(20) }),
  capabilities: fc.subarray([...capabilityNames]),
});

const agrees = (profile: SeccompProfile, on: SeccompTarget, calls: readonly Call[]): void => {
  const program = compileFilter(selectRules(profile, on));
  expect(program.length / 8).toBeLessThanOrEqual(4096);
  for (const one of calls) expect(resultName(runProgram(program, one))).toBe(judge(profile, on, one));
};

describe("compileFilter()", () => {
  test("means what Docker's default profile says, for any call and capabilities", () => {
    const property = fc.property(target, fc.array(call, { minLength: 40, maxLength: 40 }), (on, calls) =>
      agrees(docker, on, calls),
    );
    fc.assert(property, { numRuns: 150 });
  });

  test("means what any profile says", () => {
    const names = ["read", "write", "socket", "clone", "personality", "ioctl", "mmap", "openat", "no_such_call"];
    const action = fc.constantFrom(
      ...(["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"] as const),
    );
    const condition: fc.Arbitrary<ArgumentCondition> = fc.record({
      index: fc.nat(5),
      op: fc.constantFrom(
        ...(["EQ", "NE", "LT", "LE", "GE", "GT", "MASKED_EQ"] as const).map((o) => `SCMP_CMP_${o}` as const),
      ),
      value: argument,
      valueTwo: argument,
    });
    const none = { arches: [], caps: [], minKernel: null };
    const entry = fc.record({
      names: fc.subarray(names, { minLength: 1 }),
      action,
      errnoRet: fc.option(fc.nat(4095)),
      args: fc.array(condition, { maxLength: 3 }),
      includes: fc.constant(none),
      excludes: fc.constant(none),
    });
    const profile: fc.Arbitrary<SeccompProfile> = fc.record({
      defaultAction: action,
      defaultErrnoRet: fc.option(fc.nat(4095)),
      architectures: fc.subarray(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
      archMap: fc.constant([]),
      flags: fc.constant(0),
      syscalls: fc.array(entry, { maxLength: 12 }),
    });
    const named = names.map((name) => architectures.SCMP_ARCH_X86_64.numbers[name] ?? 9999);
    const near = call.map((one) => ({ ...one, audit: 0xc000_003e, number: named[one.number % named.length] ?? 0 }));
    const property = fc.property(
      target,
      profile,
      fc.array(fc.oneof(call, near), { minLength: 20, maxLength: 20 }),
      agreesOn,
    );
    function agreesOn(on: SeccompTarget, one: SeccompProfile, calls: Call[]): void {
      agrees(one, on, calls);
    }
    fc.assert(property, { numRuns: 200 });
  });

  test("reaches verdicts further away than a conditional jump can", () => {
    const numbers = Object.entries(architectures.SCMP_ARCH_X86_64.numbers);
    const syscalls = numbers.map(([name, number]) => ({
      names: [name],
      action: "SCMP_ACT_ERRNO" as const,
      errnoRet: number + 1,
      args: [{ index: 1, op: "SCMP_CMP_GT" as const, value: BigInt(number), valueTwo: 0n }],
      includes: { arches: [], caps: [], minKernel: null },
      excludes: { arches: [], caps: [], minKernel: null },
    }));
    const profile: SeccompProfile = { ...docker, archMap: [], syscalls };
    const on: SeccompTarget = { arch: "x86_64", kernel: { major: 6, minor: 1 }, capabilities: [] };
    const calls = numbers.flatMap(([, number]) =>
      [number, number + 1].map((arg) => ({ audit: 0xc000_003e, number, args: [0n, BigInt(arg), 0n, 0n, 0n, 0n] })),
    );
    agrees(profile, on, calls);
  });

  test("refuses a profile that the kernel would not take", () => {
    const args = Array.from({ length: 1100 }, (_, at) => at);
    const entries = args.map((at) => ({
      names: ["read"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, op: "SCMP_CMP_EQ", value: at }],
    }));
    const profile = parseSeccompProfile(JSON.stringify({ defaultAction: "SCMP_ACT_ERRNO", syscalls: entries }));
    const on: SeccompTarget = { arch: "x86_64", kernel: { major: 6, minor: 1 }, capabilities: [] };
    expect(() => compileFilter(selectRules(profile, on))).toThrow("at most 4096");
  });
});

describe("createSeccompFilters()", () => {
  const host = { arch: "x86_64" as const, kernel: { major: 6, minor: 1 } };
  const run = (program: Uint8Array, number: number, arg0 = 0n) =>
    resultName(runProgram(program, { audit: 0xc000_003e, number, args: [arg0, 0n, 0n, 0n, 0n, 0n] }));

  test("gives the default profile, compiled once per capability set", () => {
    const filters = createSeccompFilters(host);
    const first = filters.default(defaultCapabilities);
    expect(filters.default([...defaultCapabilities])).toBe(first);
    expect(run(first.program, 0)).toBe("SCMP_ACT_ALLOW");
    expect(run(first.program, 165)).toBe("SCMP_ACT_ERRNO:1"); // mount
    expect(run(first.program, 435)).toBe("SCMP_ACT_ERRNO:38"); // clone3
    expect(run(first.program, 56, 0x1000_0000n)).toBe("SCMP_ACT_ERRNO:1"); // clone with CLONE_NEWUSER
    expect(run(filters.default([21]).program, 165)).toBe("SCMP_ACT_ALLOW");
  });

  test("uses and fills the store", () => {
    const kept = new Map<string, Uint8Array>();
    const store = {
      read: (key: string) => kept.get(key),
      write: (key: string, bytes: Uint8Array) => void kept.set(key, bytes),
    };
    const first = createSeccompFilters(host, store).default([]);
    expect(kept.size).toBe(1);
    expect(createSeccompFilters(host, store).default([]).program).toBe(first.program);
  });
});
