/** Several daemons, and several starts of one, that choose a subnet at the same moment. */
import { beforeEach, expect, test } from "bun:test";
import type { NetOp } from "../../engines/index.ts";
import type { Database } from "../../state/index.ts";
import { createFakeHost, type FakeHost, openNetworks } from "../test-support/fake-host.ts";

let lab: FakeHost;
let db: Database;
const rival = "hbx00000000";

beforeEach(() => {
  lab = createFakeHost();
  db = lab.db();
});

/** Another daemon takes each subnet that this one takes, at the same moment, so many times. */
function contend(times: number): void {
  let left = times;
  lab.state.refuse = (op) => {
    if (op.op === "bridge" && left-- > 0) lab.links.set(`${rival}${left}`, op.addresses);
    return null;
  };
}
const open = () => openNetworks(lab, db, { tag: "00000001" });
const claims = (): string[] =>
  lab.applied
    .flatMap((op: NetOp) => (op.op === "bridge" ? op.addresses : []))
    .filter((text, n, all) => all.indexOf(text) === n);

test("several starts at once settle the default bridge once, and all get addresses of it", async () => {
  const { prepare, networks } = open();
  const endpoints = await Promise.all(Array.from({ length: 8 }, () => prepare("bridge")));
  expect(claims()).toEqual(["172.21.0.1/16"]);
  expect(endpoints.every(({ gateway, address }) => gateway === "172.21.0.1" && address.startsWith("172.21."))).toBe(
    true,
  );
  expect(new Set(endpoints.map(({ address }) => address)).size).toBe(8);
  expect(networks.inspect("bridge").IPAM.Config?.[0]?.Subnet).toBe("172.21.0.0/16");
});

test("a subnet that another daemon took at the same moment is given up before anybody has an address of it", async () => {
  contend(2);
  const { prepare } = open();
  const endpoints = await Promise.all(Array.from({ length: 8 }, () => prepare("bridge")));
  expect(claims()).toEqual(["172.21.0.1/16", "172.22.0.1/16", "172.23.0.1/16"]);
  expect(new Set(endpoints.map(({ gateway }) => gateway))).toEqual(new Set(["172.23.0.1"]));
  expect(lab.links.get("hbx00000001")).toEqual(["172.23.0.1/16"]);
  expect(lab.applied.filter(({ op }) => op === "nftNetwork")).toHaveLength(1);
});

test("a subnet that somebody lives in stays, whoever else takes it", async () => {
  const before = await open().prepare("bridge");
  const after = open();
  await after.networks.sweep([{ id: "c1", endpoints: [before] }]);
  lab.links.set(rival, ["172.21.0.1/16"]);
  expect((await after.prepare("bridge")).gateway).toBe(before.gateway);
});

test("create() gives up a subnet of its choice as well, and keeps nothing of it", async () => {
  contend(1);
  const { networks } = open();
  await networks.create({ Name: "n1" });
  expect(networks.inspect("n1").IPAM.Config?.[0]?.Subnet).toBe("172.22.0.0/16");
  expect([...lab.links.keys()].filter((link) => link.startsWith("hbx00000001"))).toHaveLength(1);
  expect(networks.list(({ name }) => name === "n1")).toHaveLength(1);
});

test("a host on which every choice is taken says so, and no bridge is left", async () => {
  contend(99);
  const { prepare } = open();
  await expect(prepare("bridge")).rejects.toThrow("Cannot choose a subnet");
  expect(lab.links.has("hbx00000001")).toBe(false);
});
