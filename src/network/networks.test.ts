import { beforeEach, expect, test } from "bun:test";
import type { Database } from "../state/index.ts";
import { createFakeHost, createFakeNames, type FakeHost, openNetworks } from "./test-support/fake-host.ts";

const bridge = "hbx00000000";
let lab: FakeHost;
let db: Database;
const open = () => openNetworks(lab, db);
const kinds = () => lab.applied.map(({ op }) => op);

beforeEach(() => {
  lab = createFakeHost();
  db = lab.db();
});

test("prepare() for the default bridge gives each spare an address, a MAC and a link of its own", async () => {
  const { networks } = open();
  const request = { kind: "network", network: networks.networkId("bridge") } as const;
  const [a, b] = [await networks.prepare(request), await networks.prepare(request)];
  expect(a.net).toMatchObject({
    ...{ kind: "veth", bridge, interface: "eth0", mac: "02:42:ac:14:00:02", mtu: 1500 },
    ...{ addresses: ["172.20.0.2/16"], gateway: "172.20.0.1" },
  });
  expect(b.endpoint).toMatchObject({ address: "172.20.0.3", prefixLength: 16, network: "bridge", address6: "" });
  expect(a.endpoint?.hostInterface).toMatch(/^hv00000000[0-9a-z]{4}$/);
  expect(b.endpoint?.hostInterface).not.toBe(a.endpoint?.hostInterface);
});

test("prepare() for none and host touches nothing", async () => {
  const { networks } = open();
  expect(await networks.prepare({ kind: "none" })).toEqual({ net: { kind: "none" }, endpoint: null });
  expect(await networks.prepare({ kind: "host" })).toEqual({ net: { kind: "host" }, endpoint: null });
  expect(lab.applied).toEqual([]);
});

test("an address is released by its holder only, and rests", async () => {
  const { networks, prepare } = open();
  const first = await prepare("bridge");
  networks.release(first);
  expect((await prepare("bridge")).address).toBe("172.20.0.3");
  lab.state.nowMs += 60_000;
  expect((await prepare("bridge")).address).toBe("172.20.0.2");
  networks.release(first);
  lab.state.nowMs += 60_000;
  expect((await prepare("bridge")).address).toBe("172.20.0.4");
});

test("sweep() restores what the living need, frees the rest and removes our strays only", async () => {
  const before = open();
  await before.networks.create({ Name: "n1" });
  const [kept, gone] = [await before.prepare("bridge"), await before.prepare("n1")];
  const ports = { "80/tcp": [{ HostIp: "", HostPort: "" }] };
  const actual = await before.networks.publish("kept", [kept], {}, ports);
  await before.networks.publish("gone", [gone], {}, ports);
  for (const link of [kept.hostInterface, gone.hostInterface, "hvffffffff0003", "veth1", "hbx00000000zzzz"])
    lab.links.set(link, []);
  lab.applied.length = 0;

  const after = open();
  await after.networks.sweep([{ id: "kept", endpoints: [kept] }]);
  const deleted = lab.applied.flatMap((op) => (op.op === "linkDelete" ? [op.name] : []));
  expect(deleted.toSorted()).toEqual([gone.hostInterface, "hbx00000000zzzz", deleted.at(-1) ?? ""].toSorted());
  expect(deleted.at(-1)).toMatch(/^hbx00000000[0-9a-z]{4}$/); // n1's bridge: made again when it is needed
  const published = lab.applied.flatMap((op) => (op.op === "nftPublish" ? [String(op.hostPort)] : []));
  expect(published).toEqual([actual["80/tcp"]?.[0]?.HostPort ?? ""]);
  expect(lab.applied).toContainEqual({
    ...{ op: "port", link: kept.hostInterface, bridge, isolated: false, missingOk: true },
  });
  await after.networks.unpublish("kept");
  after.networks.release(kept);
  await after.networks.teardown();
  await before.networks.teardown();
  expect([...lab.links.keys()]).toEqual(["lo", "eth0", "hvffffffff0003", "veth1"]);
  expect(lab.sysctls.get("net/ipv4/ip_forward")).toBe("0");
});

test("sweep() without anybody alive leaves the host as it was before", async () => {
  await open().prepare("bridge");
  await open().networks.sweep([]);
  expect([...lab.links.keys()]).toEqual(["lo", "eth0"]);
  expect(kinds().at(-1)).toBe("nftTableDelete");
});

test("teardown() keeps a bridge while an address of it is in use", async () => {
  const { networks, prepare } = open();
  const endpoint = await prepare("bridge");
  await networks.create({ Name: "n1" });
  await networks.teardown();
  expect([...lab.links.keys()]).toEqual(["lo", "eth0", bridge]);
  networks.release(endpoint);
  await networks.teardown();
  expect([...lab.links.keys()]).toEqual(["lo", "eth0"]);
});

test("IPv6 forwarding keeps the host's routers heard, and everything is put back", async () => {
  const { networks } = open();
  await networks.create({ Name: "n1", EnableIPv6: true });
  expect(lab.sysctls.get("net/ipv6/conf/all/forwarding")).toBe("1");
  expect(lab.sysctls.get("net/ipv6/conf/eth0/accept_ra")).toBe("2");
  await networks.remove("n1");
  expect(lab.sysctls.get("net/ipv6/conf/all/forwarding")).toBe("0");
  expect(lab.sysctls.get("net/ipv6/conf/eth0/accept_ra")).toBe("1");
});

test("the default bridge keeps its subnet, and takes another when the host needs that and nobody else does", async () => {
  const first = open();
  const endpoint = await first.prepare("bridge");
  await first.networks.teardown();
  lab.links.set("vpn0", ["172.20.0.0/16"]);
  expect((await open().prepare("bridge")).address).toStartWith("172.20.");
  const last = open();
  await last.networks.sweep([]);
  expect((await last.prepare("bridge")).address).toStartWith("172.21.");
  expect(endpoint.address).toBe("172.20.0.2");
});

test("prepare() makes a bridge again that somebody deleted by hand, with its ports", async () => {
  const { prepare } = open();
  const first = await prepare("bridge");
  lab.links.delete(bridge);
  lab.applied.length = 0;
  await prepare("bridge");
  expect(lab.links.has(bridge)).toBe(true);
  expect(lab.applied).toContainEqual(expect.objectContaining({ op: "port", link: first.hostInterface }));
});

test("a failure of the host leaves no lease and can be tried again", async () => {
  const { prepare } = open();
  lab.state.refuse = ({ op }) => (op === "nftTable" ? new Error("no nftables") : null);
  await expect(prepare("bridge")).rejects.toThrow("no nftables");
  lab.state.refuse = null;
  expect((await prepare("bridge")).address).toBe("172.20.0.3");
});

test("publish() goes by the network that leads out, and nowhere where none does", async () => {
  const { networks, prepare } = open();
  await networks.create({ Name: "a", Options: { "com.docker.network.bridge.host_binding_ipv4": "127.0.0.2" } });
  await networks.create({ Name: "b" });
  await networks.create({ Name: "inside", Internal: true });
  const [a, b, inside] = [await prepare("a"), await prepare("b"), await prepare("inside")];
  const ports = { "80/tcp": [{ HostIp: "", HostPort: "" }] };
  expect((await networks.publish("c1", [b, inside, a], {}, ports))["80/tcp"]?.[0]?.HostIp).toBe("127.0.0.2");
  expect((await networks.publish("c2", [a, b], { b: 1 }, ports))["80/tcp"]?.[0]?.HostIp).toBe("127.0.0.1");
  expect(await networks.publish("c3", [inside], {}, ports)).toEqual({});
  for (const id of ["c1", "c2"]) await networks.unpublish(id);
});

test("route() takes the highest priority, then the first name, and no internal network", async () => {
  const { networks, prepare } = open();
  for (const [Name, Internal] of [
    ["a", true],
    ["b", false],
    ["c", false],
  ] as const)
    await networks.create({ Name, Internal, EnableIPv6: Name === "c" });
  const all = [await prepare("a"), await prepare("c"), await prepare("b")];
  await networks.route(all, {}, "/proc/7/ns/net");
  expect(lab.applied.at(-1)).toMatchObject({ v4: { via: all[2]?.gateway }, v6: { via: all[1]?.gateway6 } });
  await networks.route(all, { c: 9 }, "/proc/7/ns/net");
  expect(lab.applied.at(-1)).toMatchObject({ v4: { via: all[1]?.gateway } });
});

test("announce() and withdraw() tell the name service and the events", async () => {
  const { names, added, removed } = createFakeNames();
  const { networks, prepare, seen } = openNetworks(lab, db, { names });
  await networks.create({ Name: "n1" });
  const endpoint = await prepare("n1");
  const who = {
    ...{ containerId: "c1", containerName: "web", hostname: "h", domainname: "", namespace: "/proc/7/ns/net" },
    dns: { servers: [], search: [], options: [] },
    aliases: { n1: ["db"] },
  };
  await networks.announce(who, [endpoint]);
  networks.withdraw("c1", [endpoint]);
  expect(added).toEqual(["web n1 db"]);
  expect(removed).toEqual([`c1 ${networks.networkId("n1")}`]);
  expect(seen).toEqual(["network create n1", "network connect n1", "network disconnect n1"]);
});
