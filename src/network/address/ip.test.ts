import { expect, test } from "bun:test";
import {
  contains,
  encloses,
  formatIp,
  formatSubnet,
  lastOf,
  macOf,
  overlaps,
  parseCidr,
  parseIp,
  parseSubnet,
} from "./ip.ts";

const ip = (text: string) => parseIp(text) ?? { family: 4 as const, value: -1n };
const subnet = (text: string) => parseSubnet(text) ?? { family: 4 as const, base: -1n, prefix: 0 };

test("parseIp() and formatIp() agree on both families, in the usual notation", () => {
  for (const text of [
    "0.0.0.0",
    "10.1.2.255",
    "::",
    "::1",
    "fd00::",
    "2001:db8::1",
    "fd00:0:1::2",
    "1:2:3:4:5:6:7:8",
  ]) {
    expect(formatIp(ip(text))).toBe(text);
  }
  expect(formatIp(ip("FD00:0000:0:0:0001:0:0:2"))).toBe("fd00::1:0:0:2");
  expect(formatIp(ip("::ffff:10.0.0.1"))).toBe("::ffff:a00:1");
});

test("parseIp() refuses what is no plain address", () => {
  for (const bad of ["", "1.2.3", "1.2.3.256", "01.2.3.4 ", "fe80::1%eth0", "[::1]", ":::", "g::"])
    expect(parseIp(bad)).toBeNull();
});

test("parseCidr() keeps the address and finds its subnet", () => {
  const found = parseCidr("10.1.2.3/16");
  expect(found && [formatIp(found.ip), formatSubnet(found.subnet)]).toEqual(["10.1.2.3", "10.1.0.0/16"]);
  expect(formatSubnet(subnet("fd00::5/64"))).toBe("fd00::/64");
  for (const bad of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/9", "::/129", "x/8"])
    expect(parseCidr(bad)).toBeNull();
});

test("overlaps(), contains() and encloses() compare within a family only", () => {
  expect(overlaps(subnet("10.0.0.0/8"), subnet("10.9.0.0/16"))).toBe(true);
  expect(overlaps(subnet("10.0.0.0/16"), subnet("10.1.0.0/16"))).toBe(false);
  expect(overlaps(subnet("0.0.0.0/0"), subnet("::/0"))).toBe(false);
  expect(contains(subnet("fd00::/64"), ip("fd00::ffff"))).toBe(true);
  expect(contains(subnet("fd00::/64"), ip("fd00:0:0:1::"))).toBe(false);
  expect(encloses(subnet("10.0.0.0/8"), subnet("10.9.0.0/16"))).toBe(true);
  expect(encloses(subnet("10.9.0.0/16"), subnet("10.0.0.0/8"))).toBe(false);
  expect(formatIp({ family: 4, value: lastOf(subnet("10.9.0.0/16")) })).toBe("10.9.255.255");
});

test("macOf() is locally administered and follows the address", () => {
  expect(macOf(ip("172.20.0.5"))).toBe("02:42:ac:14:00:05");
  expect(macOf(ip("fd00::1:2"))).toBe("02:42:00:01:00:02");
});
