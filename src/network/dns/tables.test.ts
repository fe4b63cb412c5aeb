import { expect, test } from "bun:test";
import { planAsker, planMember } from "./tables.ts";
import { namedEndpoint } from "./test-support.ts";

test("planMember() has name, aliases, short id and hostname, each alone and below the network's name", () => {
  const member = planMember(namedEndpoint({ aliases: ["db", "web"], hostname: "Host", domainname: "example" }));
  const plain = ["web", "db", "0123456789ab", "host", "host.example"];
  expect(member.names).toEqual(plain.flatMap((name) => [name, `${name}.front`]));
  expect(member).toMatchObject({ pointer: "web.front", addresses: ["10.1.0.2"] });
});

test("planMember() leaves out what cannot be asked for", () => {
  const member = planMember(namedEndpoint({ aliases: ["a".repeat(64), "a..b", ""], networkName: "n".repeat(64) }));
  expect(member.names).toEqual(["web", "0123456789ab"]);
  expect(member.pointer).toBeUndefined();
});

test("planAsker() forwards when any network leads out, and sees no default bridge", () => {
  const internal = namedEndpoint({ internal: true });
  const bridge = namedEndpoint({ networkId: "bridge", defaultBridge: true });
  expect(planAsker([internal])).toMatchObject({ networks: ["n1"], forward: false });
  expect(planAsker([internal, bridge])).toMatchObject({ networks: ["n1"], forward: true });
  expect(planAsker([bridge])).toBeNull();
  expect(planAsker([])).toBeNull();
});

test("planAsker() has the container's own resolvers", () => {
  const dns = { servers: ["192.0.2.1"], search: [], options: [] };
  expect(planAsker([namedEndpoint({ dns })])?.upstreams).toEqual(["192.0.2.1"]);
});
