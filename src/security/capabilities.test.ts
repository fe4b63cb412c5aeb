import { describe, expect, test } from "bun:test";
import { capabilityNames, defaultCapabilities, parseCapability, planCapabilities } from "./capabilities.ts";

const plan = (add: string[], drop: string[], last = 40) => planCapabilities({ add, drop, privileged: false, last });

describe("parseCapability()", () => {
  test("takes any case, with and without the prefix", () => {
    expect(["net_admin", "CAP_NET_ADMIN", "cap_Net_Admin"].map(parseCapability)).toEqual([12, 12, 12]);
    expect(capabilityNames[40]).toBe("CAP_CHECKPOINT_RESTORE");
  });

  test("names the nearest when there is none", () => {
    expect(() => parseCapability("NET_ADMN")).toThrow("NET_ADMN");
    try {
      parseCapability("NET_ADMN");
    } catch (error) {
      expect(error).toMatchObject({ kind: "invalid_argument", hint: "did you mean CAP_NET_ADMIN?" });
    }
  });
});

describe("planCapabilities()", () => {
  test("is Docker's 14 unless told otherwise", () => {
    expect(defaultCapabilities).toHaveLength(14);
    expect(plan([], [])).toEqual([...defaultCapabilities]);
  });

  test("adds and drops single ones", () => {
    expect(plan(["SYS_TIME"], ["NET_RAW"])).toEqual(
      [...defaultCapabilities.filter((n) => n !== 13), 25].sort((a, b) => a - b),
    );
  });

  test("takes ALL on either side", () => {
    expect(plan(["ALL"], ["SYS_ADMIN"])).toEqual(Array.from({ length: 41 }, (_, n) => n).filter((n) => n !== 21));
    expect(plan(["CHOWN"], ["all"])).toEqual([0]);
    expect(plan([], ["ALL"])).toEqual([]);
  });

  test("leaves out what the kernel does not know", () => {
    expect(planCapabilities({ add: [], drop: [], privileged: true, last: 37 })).toHaveLength(38);
  });
});
