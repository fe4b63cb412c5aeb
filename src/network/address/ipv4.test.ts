import { expect, test } from "bun:test";
import { formatIpv4, formatSubnet, macOf, overlaps, parseIpv4, parseSubnet, type Subnet } from "./ipv4.ts";

const subnet = (text: string): Subnet => {
  const parsed = parseSubnet(text);
  if (!parsed) throw new Error(text);
  return parsed;
};

test("parseIpv4() takes dotted quads only and formatIpv4() gives them back", () => {
  for (const text of ["0.0.0.0", "255.255.255.255", "172.20.0.1"]) expect(formatIpv4(parseIpv4(text) ?? -1)).toBe(text);
  for (const bad of ["", "1.2.3", "256.1.1.1", "1.2.3.4.5", "a.b.c.d", "::1"]) expect(parseIpv4(bad)).toBeNull();
});

test("parseSubnet() cuts the host part and refuses what is no subnet", () => {
  expect(formatSubnet(subnet("172.20.5.9/16"))).toBe("172.20.0.0/16");
  expect(formatSubnet(subnet("255.1.2.3/0"))).toBe("0.0.0.0/0");
  for (const bad of ["172.20.0.0", "172.20.0.0/33", "172.20.0.0/", "172.20.0.0/1/2", "x/8"])
    expect(parseSubnet(bad)).toBeNull();
});

test("overlaps() is about the shorter prefix, in both orders", () => {
  const pairs: [string, string, boolean][] = [
    ["172.20.0.0/16", "172.20.9.0/24", true],
    ["172.20.0.0/16", "172.21.0.0/16", false],
    ["10.0.0.0/8", "10.201.0.0/16", true],
    ["192.168.0.0/16", "192.168.255.255/32", true],
  ];
  for (const [a, b, expected] of pairs) {
    expect(overlaps(subnet(a), subnet(b))).toBe(expected);
    expect(overlaps(subnet(b), subnet(a))).toBe(expected);
  }
});

test("macOf() holds the address", () => {
  expect(macOf(parseIpv4("172.20.1.255") ?? 0)).toBe("02:42:ac:14:01:ff");
});
