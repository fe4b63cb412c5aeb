import { expect, test } from "bun:test";
import { parseNetwork } from "./parse-network.ts";

test("parseNetwork() takes a name and the long form", () => {
  expect(parseNetwork("container:web")).toEqual({ name: "container:web", settings: {} });
  const text = "name=n1,alias=a,alias=b,ip=10.1.0.9,ip6=fd00::9,mac-address=02:00:00:00:00:01,gw-priority=-5";
  expect(parseNetwork(text)).toEqual({
    name: "n1",
    settings: {
      Aliases: ["a", "b"],
      IPAMConfig: { IPv4Address: "10.1.0.9", IPv6Address: "fd00::9" },
      MacAddress: "02:00:00:00:00:01",
      GwPriority: -5,
    },
  });
});

test("parseNetwork() refuses what it does not know", () => {
  for (const bad of ["alias=a", "name=", "name=n,foo=1", "name=n,alias", "name=n,gw-priority=high"])
    expect(() => parseNetwork(bad)).toThrow("--network");
});
