import { expect, test } from "bun:test";
import { chooseSubnet, defaultPools, poolFault, uniqueLocalPool } from "./choose-subnet.ts";
import { formatSubnet, parseSubnet, type Subnet } from "./ip.ts";

const subnets = (...texts: string[]): Subnet[] => texts.flatMap((text) => parseSubnet(text) ?? []);
const choose = (tag: string, ...taken: string[]) => formatSubnet(chooseSubnet(defaultPools, tag, subnets(...taken)));

test("chooseSubnet() begins where the tag says and passes over what is taken", () => {
  expect(choose("00000000")).toBe("172.20.0.0/16");
  expect(choose("00000001")).toBe("172.21.0.0/16");
  expect(choose("00000000", "172.20.5.0/24", "172.21.0.0/16")).toBe("172.22.0.0/16");
  expect(choose("00000000", "172.20.0.0/14")).toBe("172.24.0.0/16");
  expect(choose("00000000", "172.16.0.0/12")).toBe("10.128.0.0/20");
});

test("chooseSubnet() finds thousands, each once, and says when there are no more", () => {
  const taken: Subnet[] = [];
  for (let n = 0; n < 2060; n++) taken.push(chooseSubnet(defaultPools, "abcdef01", taken));
  expect(new Set(taken.map(formatSubnet)).size).toBe(2060);
  expect(() => chooseSubnet(defaultPools, "00000000", taken)).toThrow("Cannot choose a subnet");
});

test("uniqueLocalPool() is the daemon's own", () => {
  const pool = uniqueLocalPool("00000000");
  expect(pool).not.toEqual(uniqueLocalPool("00000001"));
  expect(formatSubnet(chooseSubnet([pool], "00000000", []))).toMatch(/^fd[0-9a-f:]+::\/64$/);
});

test("poolFault() names the pool that cannot be used", () => {
  expect(poolFault(defaultPools)).toBeNull();
  expect(poolFault([{ base: "10.0.0.1/8", size: 24 }])).toContain("10.0.0.1/8 is not a subnet");
  expect(poolFault([{ base: "10.0.0.0/8", size: 7 }])).toContain("prefix length from 8 to 30");
});
