import { describe, expect, test } from "bun:test";
import { parseSeccompProfile } from "./parse-profile.ts";

const parse = (value: unknown) => parseSeccompProfile(JSON.stringify(value));
const entry = { names: ["read"], action: "SCMP_ACT_ALLOW" };

describe("parseSeccompProfile()", () => {
  test("keeps 64-bit values exact", () => {
    const json = `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":2,"op":"SCMP_CMP_EQ","value":18446744073709551615}]}]}`;
    expect(parseSeccompProfile(json).syscalls[0]?.args[0]).toEqual({
      index: 2,
      op: "SCMP_CMP_EQ",
      value: 18446744073709551615n,
      valueTwo: 0n,
    });
  });

  test("reads the older single name", () => {
    const profile = parse({
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: [{ name: "read", action: "SCMP_ACT_ALLOW", args: null }],
    });
    expect(profile.syscalls[0]?.names).toEqual(["read"]);
  });

  test.each([
    [{}, "defaultAction is undefined, not one of"],
    [{ defaultAction: "SCMP_ACT_NOTIFY" }, "defaultAction asks for a listener"],
    [{ defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/run/x" }, "listenerPath asks for a listener"],
    [{ defaultAction: "SCMP_ACT_ALLOW", more: 1 }, 'unknown field "more"'],
    [
      { defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_NEW"] },
      "flag SECCOMP_FILTER_FLAG_NEW is not offered",
    ],
    [
      {
        defaultAction: "SCMP_ACT_ALLOW",
        architectures: ["SCMP_ARCH_X86"],
        archMap: [{ architecture: "SCMP_ARCH_X86_64" }],
      },
      "use one",
    ],
    [
      { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ ...entry, name: "write" }] },
      "syscalls[0] has both name and names",
    ],
    [{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ action: "SCMP_ACT_ALLOW" }] }, "syscalls[0] names no system call"],
    [
      { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ ...entry, args: [{ index: 6, op: "SCMP_CMP_EQ" }] }] },
      "syscalls[0].args[0].index must be",
    ],
    [
      { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ ...entry, includes: { minKernel: "new" } }] },
      "minKernel is not of the form",
    ],
    [
      { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ ...entry, includes: { caps: ["CAP_SYS_ADMINN"] } }] },
      "CAP_SYS_ADMINN",
    ],
  ])("refuses %j", (value, message) => {
    expect(() => parse(value)).toThrow(message);
  });

  test("refuses what is not JSON", () => {
    expect(() => parseSeccompProfile("{")).toThrow("is not JSON");
  });
});
