import { expect, test } from "bun:test";
import { planRequest } from "./request.ts";
import { networkId } from "./view/ids.ts";

const tag = "00000000";
const plan = (mode: string, endpoints = {}, without: string | null = null) =>
  planRequest(tag, { mode, endpoints }, without);

test("planRequest() finds a network by name and by id", () => {
  for (const mode of ["default", "bridge", networkId(tag, "bridge"), networkId(tag, "bridge").slice(0, 12)]) {
    expect(plan(mode)).toEqual({ kind: "bridge", network: "bridge" });
  }
  expect(plan("none")).toEqual({ kind: "none" });
  expect(() => plan("backend")).toThrow("network backend not found");
});

test("planRequest() takes empty settings of the same network, and refuses each that it cannot honour", () => {
  expect(plan("bridge", { default: { Aliases: [], IPAMConfig: null, MacAddress: "" } })).toMatchObject({
    kind: "bridge",
  });
  const settings = [
    { IPAMConfig: { IPv4Address: "172.20.0.9" } },
    { MacAddress: "02:00:00:00:00:01" },
    { Aliases: ["db"] },
    { Links: ["a:b"] },
    { DriverOpts: { a: "b" } },
  ];
  for (const wishes of settings) expect(() => plan("bridge", { bridge: wishes })).toThrow("Cannot use");
  expect(() => plan("bridge", { host: {} })).toThrow("is not the one in NetworkMode");
});

test("planRequest() says why there is no bridge", () => {
  expect(() => plan("bridge", {}, "the daemon runs without privileges")).toThrow("the daemon runs without privileges");
  expect(plan("host", {}, "the daemon runs without privileges")).toEqual({ kind: "host" });
});
