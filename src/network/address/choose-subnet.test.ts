import { expect, test } from "bun:test";
import { chooseSubnet } from "./choose-subnet.ts";
import { formatSubnet, parseSubnet, type Subnet } from "./ipv4.ts";

const subnets = (...texts: string[]): Subnet[] => texts.map((text) => parseSubnet(text)).filter((s) => s !== null);
const choose = (tag: string, ...taken: string[]) => formatSubnet(chooseSubnet(tag, subnets(...taken)));

test("chooseSubnet() avoids what overlaps in either direction", () => {
  expect(choose("00000000")).toBe("172.20.0.0/16");
  expect(choose("00000000", "172.20.7.0/24")).toBe("172.21.0.0/16");
  expect(choose("00000000", "172.16.0.0/12")).toBe("10.130.0.0/16");
});

test("chooseSubnet() begins elsewhere for another home and wraps around", () => {
  expect(choose("0000000b")).toBe("172.31.0.0/16");
  expect(choose("0000000b", "172.31.0.0/16")).toBe("172.20.0.0/16");
});

test("chooseSubnet() throws network.no_free_subnet when the host has a way to all", () => {
  expect(() => choose("00000000", "172.16.0.0/12", "10.0.0.0/8")).toThrow("every private range");
});
