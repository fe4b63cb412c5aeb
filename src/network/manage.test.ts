/** Networks of one's own: what is refused, what is kept, what goes. */
import { beforeEach, expect, test } from "bun:test";
import type { EngineError } from "../base/errors.ts";
import type { Database } from "../state/index.ts";
import { createFakeHost, type FakeHost, openNetworks } from "./test-support/fake-host.ts";

let lab: FakeHost;
let db: Database;
const open = () => openNetworks(lab, db);

beforeEach(() => {
  lab = createFakeHost();
  db = lab.db();
});

const subnet = (Subnet: string, more: object = {}) => ({ Config: [{ Subnet, ...more }] });

test("create() takes what Docker's clients send, and a later daemon knows it", async () => {
  const { id } = await open().networks.create({
    ...{ Name: "n1", CheckDuplicate: true, Driver: "bridge", Scope: "", Internal: true, Attachable: true },
    ...{ Ingress: false, ConfigOnly: false, ConfigFrom: null, EnableIPv6: true },
    IPAM: {
      ...{ Driver: "default", Options: {} },
      ...subnet("10.9.0.0/16", {
        IPRange: "10.9.5.0/24",
        Gateway: "10.9.0.254",
        AuxiliaryAddresses: { r: "10.9.5.1" },
      }),
    },
    Options: { "com.docker.network.driver.mtu": "1400", "com.docker.network.bridge.name": "mine0" },
    Labels: { a: "b" },
  });
  const { networks, prepare } = open();
  expect(networks.inspect(id.slice(0, 10))).toMatchObject({
    ...{ Name: "n1", Id: id, Driver: "bridge", Internal: true, Attachable: true, EnableIPv6: true, Labels: { a: "b" } },
    IPAM: {
      Config: [
        { Subnet: "10.9.0.0/16", IPRange: "10.9.5.0/24", Gateway: "10.9.0.254", AuxiliaryAddresses: { r: "10.9.5.1" } },
        { Subnet: expect.stringMatching(/^fd.*::\/64$/) },
      ],
    },
  });
  const endpoint = await prepare("n1");
  expect(endpoint).toMatchObject({ address: "10.9.5.0", gateway: "", gateway6: "", prefixLength6: 64 });
  expect(lab.links.get("mine0")?.[0]).toBe("10.9.0.254/16");
});

const refusals: [string, object, string, number][] = [
  ["no name", {}, "name is empty", 400],
  ["a bad name", { Name: "a/b" }, "invalid name", 400],
  ["a predefined name", { Name: "host" }, "operation is not permitted on predefined host network", 403],
  ["a name that is taken", { Name: "old" }, "network with name old already exists", 409],
  ["an unknown driver", { Name: "n", Driver: "weave" }, 'network driver "weave" not found', 404],
  ["another host network", { Name: "n", Driver: "host" }, "only one instance", 400],
  ["an unknown option", { Name: "n", Options: { foo: "1" } }, "driver bridge has no option foo", 400],
  ["a bad option", { Name: "n", Options: { "com.docker.network.driver.mtu": "9" } }, "68 to 65535", 400],
  ["an inherited key", { Name: "n", Options: { constructor: "1" } }, "no option constructor", 400],
  ["an unknown field", { Name: "n", Encrypted: true }, "does not know the field Encrypted", 400],
  ["a wrong type", { Name: "n", Internal: "yes" }, "Internal is true or false", 400],
  ["ConfigOnly", { Name: "n", ConfigOnly: true }, "ConfigOnly", 501],
  ["a scope", { Name: "n", Scope: "swarm" }, "there is no cluster", 501],
  ["an IPAM driver", { Name: "n", IPAM: { Driver: "dhcp" } }, "gives out addresses itself", 501],
  ["neither family", { Name: "n", EnableIPv4: false }, "IPv4 or IPv6 must be enabled", 400],
  ["a subnet that is none", { Name: "n", IPAM: subnet("10.0.0/8") }, "invalid subnet", 400],
  ["host bits", { Name: "n", IPAM: subnet("10.9.0.5/16") }, "it should be 10.9.0.0/16", 400],
  ["no room", { Name: "n", IPAM: subnet("10.9.0.0/31") }, "no room", 400],
  ["a foreign gateway", { Name: "n", IPAM: subnet("10.9.0.0/16", { Gateway: "10.8.0.1" }) }, "no matching subnet", 400],
  [
    "a foreign range",
    { Name: "n", IPAM: subnet("10.9.0.0/16", { IPRange: "10.8.0.0/24" }) },
    "no matching subnet",
    400,
  ],
  ["IPv6 that is off", { Name: "n", IPAM: subnet("fd00::/64") }, "IPv6 is off", 400],
  ["another network's subnet", { Name: "n", IPAM: subnet("10.50.5.0/24") }, "overlaps network old (10.50.0.0/16)", 403],
  ["the host's route", { Name: "n", IPAM: subnet("192.0.0.0/16") }, "the host's route to 192.0.2.0/24 by eth0", 403],
  ["a foreign bridge", { Name: "n", Options: { "com.docker.network.bridge.name": "eth0" } }, "not the engine's", 409],
  ["macvlan without parent", { Name: "n", Driver: "macvlan" }, "needs the host's interface", 400],
  [
    "macvlan without that parent",
    { Name: "n", Driver: "macvlan", Options: { parent: "eth7" } },
    "no interface eth7",
    400,
  ],
];
for (const [what, body, text, status] of refusals) {
  test(`create() refuses ${what} and leaves nothing`, async () => {
    const { networks } = open();
    await networks.create({ Name: "old", IPAM: subnet("10.50.0.0/16") });
    const [links, before] = [[...lab.links.keys()], networks.list(() => true).length];
    const error = (await networks.create(body).catch((caught: unknown) => caught)) as EngineError;
    expect(error.message).toContain(text);
    const { httpStatusByKind } = await import("../base/errors.ts");
    expect(httpStatusByKind[error.kind]).toBe(status);
    expect([...lab.links.keys()]).toEqual(links);
    expect(networks.list(() => true)).toHaveLength(before);
  });
}

test("create() takes back what it began when the host refuses", async () => {
  const { networks } = open();
  lab.state.refuse = ({ op }) => (op === "nftNetwork" ? new Error("no") : null);
  await expect(networks.create({ Name: "n1" })).rejects.toThrow("no");
  expect(networks.list(() => true)).toHaveLength(3);
  expect([...lab.links.keys()]).toEqual(["lo", "eth0"]);
});

test("macvlan has its parent's network, whatever routes the host has there", async () => {
  const { networks } = open();
  const Options = { parent: "eth0", macvlan_mode: "private" };
  await networks.create({
    Name: "m",
    Driver: "macvlan",
    IPAM: subnet("192.0.2.0/24", { Gateway: "192.0.2.254" }),
    Options,
  });
  const request = { kind: "network", network: networks.networkId("m"), wishes: { address: "192.0.2.77" } } as const;
  expect((await networks.prepare(request)).net).toMatchObject({
    ...{ kind: "macvlan", parent: "eth0", mode: "private", addresses: ["192.0.2.77/24"], gateway: "192.0.2.254" },
  });
});

test("an address that is asked for is taken from spares, but from nobody else", async () => {
  const { networks, prepare, drained } = open();
  await networks.create({ Name: "n1", IPAM: subnet("10.9.0.0/16") });
  const spare = await prepare("n1");
  const asked = prepare("n1", { address: "10.9.0.2" });
  await expect(asked).rejects.toThrow("Address already in use");
  expect(drained).toEqual([networks.networkId("n1")]);
  networks.release(spare);
  expect((await prepare("n1", { address: "10.9.0.2" })).address).toBe("10.9.0.2");
  // The kernel may still be burying the spare.
  expect(lab.applied).toContainEqual({ op: "linkDelete", name: spare.hostInterface, missingOk: true });
  await expect(prepare("n1", { address: "10.9.0.1" })).rejects.toThrow("Address already in use");
});

test("plan() checks wishes against the networks and knows them by every name", () => {
  const { networks } = open();
  const none = {};
  expect(networks.plan("default", {}, none)).toEqual([["bridge", {}]]);
  const id = networks.networkId("bridge");
  expect(networks.plan("bridge", { [id.slice(0, 9)]: { GwPriority: 3 } }, none)).toEqual([
    ["bridge", { GwPriority: 3 }],
  ]);
  const bad: [Parameters<typeof networks.plan>[1], string][] = [
    [{ nowhere: {} }, "network nowhere not found"],
    [{ bridge: { Aliases: ["a"] } }, "only for containers in user defined networks"],
    [{ bridge: { IPAMConfig: { IPv4Address: "172.20.0.9" } } }, "on user defined networks only"],
    [{ bridge: { Links: ["a"] } }, "links are history"],
    [{ bridge: { DriverOpts: { x: "y" } } }, "driver option x"],
    [{ bridge: { MacAddress: "01:00:00:00:00:01" } }, "that of a group"],
    [{ bridge: { IPAMConfig: { LinkLocalIPs: ["10.0.0.1"] } } }, "invalid link-local"],
    [{ host: {} }, "host network"],
  ];
  for (const [wanted, text] of bad) expect(() => networks.plan("bridge", wanted, none)).toThrow(text);
});

test("remove() refuses predefined and used networks, and waits for those that are just ending", async () => {
  const { networks, prepare, attached } = open();
  await expect(networks.remove("bridge")).rejects.toThrow("bridge is a pre-defined network and cannot be removed");
  await networks.create({ Name: "n1" });
  const endpoint = await prepare("n1");
  attached.push({ id: "c1", name: "web", mode: "n1", endpoints: [endpoint] });
  await expect(networks.remove("n1")).rejects.toThrow("network n1 has active endpoints (web)");
  expect(networks.inspect("n1").Containers["c1"]).toMatchObject({ Name: "web", IPv4Address: "172.20.0.2/16" });
  attached.length = 0;
  const going = networks.remove("n1");
  await expect(prepare("n1")).rejects.toThrow("network n1 not found");
  networks.release(endpoint);
  await going;
  expect([...lab.links.keys()]).toEqual(["lo", "eth0"]);
  await expect(networks.remove("n1")).rejects.toThrow("network n1 not found");
});

test("prune() removes what matches and nobody uses or is to be connected to", async () => {
  const { networks, prepare, attached } = open();
  for (const Name of ["used", "held", "labelled", "free"])
    await networks.create({ Name, Labels: Name === "labelled" ? { keep: "1" } : {} });
  attached.push({ id: "c", name: "c", mode: "used", endpoints: [await prepare("used")] });
  const gone = await networks.prune(
    ({ predefined, labels }) => !predefined && !labels["keep"],
    (name) => name === "held",
  );
  expect(gone).toEqual(["free"]);
  expect(networks.list(() => true).map(({ Name }) => Name)).toEqual([
    "bridge",
    "host",
    "none",
    "used",
    "held",
    "labelled",
  ]);
});
