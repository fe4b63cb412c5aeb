import { beforeEach, expect, test } from "bun:test";
import type { JobFrame, NetOp } from "../engines/native/protocol.ts";
import { type Database, openDatabase } from "../state/index.ts";
import type { HostNetwork } from "./address/host.ts";
import { createNetworks, type Networks, networkMigrations } from "./index.ts";

const onBridge = { kind: "bridge", network: "bridge" } as const;
const tag = "00000000";
let db: Database;
let links: string[];
let ops: NetOp[];
let nowMs: number;

const host: HostNetwork = {
  subnets: () => [],
  routes: () => [],
  links: () => links,
  hasLink: (name) => links.includes(name),
  isBridge: (link) => link.startsWith("hbx"),
  sysctl: () => "1",
};

function open(withoutBridge: string | null = null): Networks {
  const run = async (frame: JobFrame) => {
    if (frame.t !== "network") throw new Error(frame.t);
    ops.push(...frame.ops);
    for (const op of frame.ops) {
      if (op.op === "bridge") links = [...new Set([...links, op.name])];
      if (op.op === "linkDelete") links = links.filter((link) => link !== op.name);
    }
  };
  const now = () => nowMs;
  return createNetworks({
    db,
    jobs: { run },
    tag,
    publishAddress: "127.0.0.1",
    containerName: (id) => id,
    withoutBridge,
    host,
    now,
  });
}

beforeEach(() => {
  db = openDatabase(":memory:");
  db.migrate(networkMigrations);
  links = ["lo", "eth0"];
  ops = [];
  nowMs = 1_000_000;
});

test("prepare() for the bridge gives each spare an address, a MAC and a link of its own", async () => {
  const networks = open();
  const [a, b] = [await networks.prepare(onBridge), await networks.prepare(onBridge)];
  expect(a.net).toEqual({
    kind: "veth",
    bridge: "hbx00000000",
    hostIf: "hv000000000002",
    interface: "eth0",
    mac: "02:42:ac:14:00:02",
    mtu: 1500,
    addresses: ["172.20.0.2/16"],
    gateway: "172.20.0.1",
  });
  expect(b.endpoint).toMatchObject({ address: "172.20.0.3", prefixLength: 16, hostInterface: "hv000000000003" });
});

test("prepare() for none and host touches nothing", async () => {
  expect(await open().prepare({ kind: "none" })).toMatchObject({ net: { kind: "none" }, endpoint: null });
  expect(await open().prepare({ kind: "host" })).toMatchObject({ net: { kind: "host" }, endpoint: null });
  expect(ops).toEqual([]);
});

test("an address is released once, even when its address is another's by then", async () => {
  const networks = open();
  const { release } = await networks.prepare(onBridge);
  release();
  nowMs += 60_000;
  const again = await networks.prepare(onBridge);
  expect(again.endpoint?.address).toBe("172.20.0.2");
  release();
  nowMs += 60_000;
  expect((await networks.prepare(onBridge)).endpoint?.address).toBe("172.20.0.3");
});

test("sweep() restores the table with the living ports, frees the rest and removes our strays only", async () => {
  const before = open();
  const [kept, gone] = [await before.prepare(onBridge), await before.prepare(onBridge)];
  if (!kept.endpoint || !gone.endpoint) throw new Error("no endpoint");
  const ports = await before.publish("kept", kept.endpoint, { "80/tcp": [{ HostIp: "", HostPort: "" }] });
  await before.publish("gone", gone.endpoint, { "80/tcp": [{ HostIp: "", HostPort: "" }] });
  await before.teardown();
  links.push("hv000000000002", "hv000000000003", "hvffffffff0003", "veth1");
  ops = [];

  const after = open();
  await after.sweep([{ id: "kept", endpoint: kept.endpoint }]);
  expect(ops.filter(({ op }) => op === "linkDelete")).toEqual([
    { op: "linkDelete", name: "hv000000000003", missingOk: true },
  ]);
  const published = ops.filter((op) => op.op === "nftPublish");
  expect(published.map(({ hostPort }) => String(hostPort))).toEqual([ports["80/tcp"]?.[0]?.HostPort ?? ""]);
  after.adopt(kept.endpoint)();
  await after.unpublish("kept");
  await after.teardown();
  expect(links).toEqual(["lo", "eth0", "hv000000000002", "hvffffffff0003", "veth1"]);
});

test("sweep() without anybody alive leaves the host as it was before", async () => {
  await open().prepare(onBridge);
  await open().sweep([]);
  expect(links).toEqual(["lo", "eth0"]);
  expect(ops.slice(-2).map(({ op }) => op)).toEqual(["nftTableDelete", "linkDelete"]);
});

test("teardown() keeps the bridge while an address is in use", async () => {
  const networks = open();
  const { release } = await networks.prepare(onBridge);
  await networks.teardown();
  expect(links).toContain("hbx00000000");
  release();
  await networks.teardown();
  expect(links).toEqual(["lo", "eth0"]);
});

test("teardown() removes the table though somebody deleted the bridge by hand", async () => {
  const networks = open();
  (await networks.prepare(onBridge)).release();
  links = ["lo", "eth0"];
  ops = [];
  await networks.teardown();
  expect(ops.map(({ op }) => op)).toEqual(["nftTableDelete", "linkDelete"]);
});

test("inspect() shows the bridge with its containers, list() all three without", async () => {
  const networks = open();
  const { endpoint } = await networks.prepare(onBridge);
  const attached = [{ id: "c1", name: "web", mode: "bridge", endpoint }];
  const bridge = networks.inspect(networks.networkId("bridge").slice(0, 12), attached);
  expect(bridge.IPAM.Config).toEqual([{ Subnet: "172.20.0.0/16", Gateway: "172.20.0.1" }]);
  expect(bridge.Containers["c1"]).toMatchObject({ Name: "web", IPv4Address: "172.20.0.2/16" });
  expect(networks.inspect("host", attached).Containers).toEqual({});
  expect(networks.list().map(({ Name, Driver }) => `${Name} ${Driver}`)).toEqual([
    "bridge bridge",
    "host host",
    "none null",
  ]);
  expect(() => networks.inspect("backend", [])).toThrow("network backend not found");
});
