import { expect, test } from "bun:test";
import { planIpam } from "./plan-ipam.ts";

test("planIpam() finds each one's subnet, in both families", () => {
  const configs = planIpam({
    subnets: ["10.1.0.0/16", "fd00:1::/64"],
    ranges: ["10.1.5.0/24"],
    gateways: ["fd00:1::fe", "10.1.0.254"],
    aux: { router: "10.1.0.7" },
  });
  expect(configs).toEqual([
    {
      Subnet: "10.1.0.0/16",
      IPRange: "10.1.5.0/24",
      Gateway: "10.1.0.254",
      AuxiliaryAddresses: { router: "10.1.0.7" },
    },
    { Subnet: "fd00:1::/64", Gateway: "fd00:1::fe" },
  ]);
});

test("planIpam() refuses what has no subnet, and two gateways in one", () => {
  const none = { subnets: ["10.1.0.0/16"], ranges: [], gateways: [], aux: {} };
  expect(() => planIpam({ ...none, gateways: ["10.2.0.1"] })).toThrow("no matching subnet for gateway 10.2.0.1");
  expect(() => planIpam({ ...none, gateways: ["10.1.0.1", "10.1.0.2"] })).toThrow("more than one gateway");
});
