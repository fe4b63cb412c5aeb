import { beforeEach, expect, test } from "bun:test";
import type { NetOp } from "../../engines/native/protocol.ts";
import { type Database, openDatabase } from "../../state/index.ts";
import type { HostNetwork } from "../address/host.ts";
import { formatSubnet, parseSubnet, type Subnet } from "../address/ipv4.ts";
import { networkMigrations } from "../migrations.ts";
import { networkNames } from "../names.ts";
import { type Bridge, createBridge } from "./bridge.ts";

const tag = "00000000";
const names = networkNames(tag);
const subnet = (text: string): Subnet => parseSubnet(text) ?? { base: 0, prefix: 0 };

/** A host that remembers what was done to it. */
function fakeHost() {
  const links = new Map<string, string[]>([["eth0", ["192.0.2.0/24"]]]);
  const sysctls = new Map([["net/ipv4/ip_forward", "0"]]);
  const applied: NetOp[] = [];
  const host: HostNetwork = {
    subnets: () => [...links.values()].flat().map(subnet),
    routes: () => [...links].flatMap(([link, texts]) => texts.map((text) => ({ link, subnet: subnet(text) }))),
    links: () => [...links.keys()],
    hasLink: (name) => links.has(name),
    isBridge: (link) => link !== "eth0",
    sysctl: (path) => sysctls.get(path) ?? null,
  };
  const apply = async (ops: NetOp[]) => {
    for (const op of ops) {
      applied.push(op);
      if (op.op === "bridge") links.set(op.name, op.addresses);
      if (op.op === "linkDelete") links.delete(op.name);
      if (op.op === "sysctl") sysctls.set(op.path, op.value);
    }
  };
  return { links, sysctls, applied, host, apply };
}

let db: Database;
let lab: ReturnType<typeof fakeHost>;
let inUse = false;
const open = (): Bridge =>
  createBridge({
    db,
    names,
    tag,
    host: lab.host,
    apply: (ops) => lab.apply(ops),
    now: () => 7,
    published: () => [],
    inUse: () => inUse,
  });

beforeEach(() => {
  db = openDatabase(":memory:");
  db.migrate(networkMigrations);
  lab = fakeHost();
  inUse = false;
});

test("ensure() makes bridge, settings and table once, however many ask", async () => {
  const bridge = open();
  const [first, second] = await Promise.all([bridge.ensure(), bridge.ensure()]);
  expect(formatSubnet(first)).toBe("172.20.0.0/16");
  expect(second).toEqual(first);
  expect(lab.applied.map(({ op }) => op)).toEqual([
    "bridge",
    "sysctl",
    "sysctl",
    "nftTableDelete",
    "nftTable",
    "nftNetwork",
  ]);
  expect(lab.links.get("hbx00000000")).toEqual(["172.20.0.1/16"]);
});

test("remove() leaves links and settings as they were before", async () => {
  const before = [...lab.links];
  const bridge = open();
  await bridge.ensure();
  expect(lab.sysctls.get("net/ipv4/ip_forward")).toBe("1");
  await open().remove();
  expect([...lab.links]).toEqual(before);
  expect(lab.sysctls.get("net/ipv4/ip_forward")).toBe("0");
});

test("remove() leaves forwarding on when another bridge may need it, and never turns off what it did not turn on", async () => {
  const bridge = open();
  await bridge.ensure();
  lab.links.set("docker0", []);
  await bridge.remove();
  expect(lab.sysctls.get("net/ipv4/ip_forward")).toBe("1");
  lab.links.delete("docker0");
  await bridge.ensure();
  await bridge.remove();
  expect(lab.sysctls.get("net/ipv4/ip_forward")).toBe("1");
});

test("ensure() keeps the subnet across daemons, and chooses again only when the host needs it and nobody else does", async () => {
  await open().ensure();
  expect(formatSubnet(await open().ensure())).toBe("172.20.0.0/16");
  await open().remove();
  lab.links.set("vpn0", ["172.20.0.0/14"]);
  inUse = true;
  expect(formatSubnet(await open().ensure())).toBe("172.20.0.0/16");
  await open().remove();
  inUse = false;
  expect(formatSubnet(await open().ensure())).toBe("172.24.0.0/16");
});

test("ensure() makes it again when somebody deleted it by hand", async () => {
  const bridge = open();
  await bridge.ensure();
  lab.links.delete(names.bridge);
  expect(formatSubnet(await bridge.ensure())).toBe("172.20.0.0/16");
  expect(lab.links.has(names.bridge)).toBe(true);
});

test("ensure() yields when another daemon took the same subnet at the same moment", async () => {
  const { apply } = lab;
  lab.apply = async (ops) => {
    await apply(ops);
    if (ops.some(({ op }) => op === "bridge")) lab.links.set("hbxffffffff", ["172.20.0.1/16"]);
  };
  expect(formatSubnet(await open().ensure())).toBe("172.21.0.0/16");
});

test("ensure() tries again after a failure", async () => {
  const { apply } = lab;
  lab.apply = async () => {
    throw new Error("no nftables");
  };
  const bridge = open();
  await expect(bridge.ensure()).rejects.toThrow("no nftables");
  lab.apply = apply;
  expect(formatSubnet(await bridge.ensure())).toBe("172.20.0.0/16");
});
