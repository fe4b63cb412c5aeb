import { afterEach, beforeEach, expect, test } from "bun:test";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import type { NetOp } from "../../engines/native/protocol.ts";
import { type Database, openDatabase } from "../../state/index.ts";
import { networkMigrations } from "../migrations.ts";
import type { PortMap } from "../schema.ts";
import { createPublisher, type Publisher } from "./publish.ts";
import { createReservations } from "./reservations.ts";

let db: Database;
let applied: NetOp[][];
let refuse: Error | null;
let publisher: Publisher;

function open(): Publisher {
  return createPublisher({
    reservations: createReservations(db),
    apply: async (ops) => {
      if (refuse) throw refuse;
      applied.push(ops);
    },
    table: "hbx_test",
    containerName: (id) => `name-of-${id}`,
  });
}

const to = (address: string, address6 = "") => ({ address, address6 });
const publish = (id: string, address: string, ports: PortMap) => publisher.publish(id, to(address), "127.0.0.1", ports);

beforeEach(() => {
  db = openDatabase(":memory:");
  db.migrate(networkMigrations);
  applied = [];
  refuse = null;
  publisher = open();
});
afterEach(() => publisher[Symbol.dispose]());

const binding = (HostPort: string, HostIp = "") => [{ HostIp, HostPort }];

function listen(port = 0): Promise<Server & { port: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<Server & { port: number }>();
  const server = createServer();
  server.once("error", reject);
  server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
    const address = server.address();
    resolve(Object.assign(server, { port: typeof address === "object" && address ? address.port : 0 }));
  });
  return promise;
}

test("publish() takes free ports in order, as one transaction, and keeps what is only exposed", async () => {
  const ports = { "80/tcp": binding(""), "53/udp": binding(""), "90/tcp": null };
  const actual = await publish("a", "172.20.0.2", ports);
  expect(actual["90/tcp"]).toBeNull();
  const tcp = Number(actual["80/tcp"]?.[0]?.HostPort);
  expect(tcp).toBeGreaterThanOrEqual(49153);
  expect(applied).toHaveLength(1);
  expect(applied[0]?.[0]).toEqual({
    op: "nftPublish",
    table: "hbx_test",
    protocol: "tcp",
    hostIp: "127.0.0.1",
    hostPort: tcp,
    guestIp: "172.20.0.2",
    guestPort: 80,
  });
  await expect(listen(tcp)).rejects.toThrow();
  const next = await publish("b", "172.20.0.3", { "80/tcp": binding("") });
  expect(Number(next["80/tcp"]?.[0]?.HostPort)).toBeGreaterThan(tcp);
});

test("publish() names the container that has the port, whichever address it was asked for", async () => {
  const free = await listen();
  const port = String(free.port);
  await new Promise((done) => free.close(done));
  await publish("a", "172.20.0.2", { "80/tcp": binding(port) });
  for (const address of ["", "0.0.0.0"]) {
    const second = publish("b", "172.20.0.3", { "80/tcp": binding(port, address) });
    await expect(second).rejects.toThrow("port is already allocated by container name-of-a");
  }
  await publish("b", "172.20.0.3", { "80/udp": binding(port) });
});

test("publish() sees another program, skips it in a range, and takes nothing when one port fails", async () => {
  const other = await listen();
  const ports = { "81/tcp": binding(""), "80/tcp": binding(String(other.port)) };
  await expect(publish("a", "172.20.0.2", ports)).rejects.toThrow("already allocated by another program");
  expect(createReservations(db).all()).toEqual([]);
  expect(applied).toEqual([]);
  const range = binding(`${other.port}-${other.port + 20}`);
  const actual = await publish("a", "172.20.0.2", { "80/tcp": range });
  expect(Number(actual["80/tcp"]?.[0]?.HostPort)).toBeGreaterThan(other.port);
  other.close();
});

test("publish() gives everything back when the kernel refuses", async () => {
  refuse = new Error("no nftables");
  await expect(publish("a", "172.20.0.2", { "80/tcp": binding("") })).rejects.toThrow("no nftables");
  expect(createReservations(db).all()).toEqual([]);
});

test("publish() refuses what cannot be done", async () => {
  const refusals: [string, string, string][] = [
    ["80/dccp", "", "protocol dccp is not supported"],
    ["80/tcp", "::1", "has no address of IPv6"],
    ["80/tcp", "localhost", "is not an address of the host"],
    ["80/tcp", "192.0.2.77", "is not an address of this host"],
  ];
  for (const [key, address, text] of refusals) {
    await expect(publish("a", "172.20.0.2", { [key]: binding("", address) })).rejects.toThrow(text);
  }
});

test("unpublish() closes the container's ports only, and hold() takes them back after a restart", async () => {
  const a = await publish("a", "172.20.0.2", { "80/tcp": binding("") });
  await publish("b", "172.20.0.3", { "80/tcp": binding("") });
  const port = Number(a["80/tcp"]?.[0]?.HostPort);
  publisher[Symbol.dispose]();
  publisher = open();
  const between = await listen(port);
  await new Promise((done) => between.close(done));
  await publisher.hold();
  await expect(listen(port)).rejects.toThrow();
  await publisher.unpublish("a");
  expect(applied.at(-1)).toMatchObject([{ op: "nftUnpublish", hostPort: port }]);
  (await listen(port)).close();
  expect(createReservations(db).all()).toHaveLength(1);
});

test("publish() everywhere takes one port in both families, and passes on what the kernel cannot redirect", async () => {
  const guest = createServer((socket) => socket.end("here"));
  const guestPort = await new Promise<number>((resolve) =>
    guest.listen({ host: "::1", port: 0 }, () => resolve((guest.address() as AddressInfo).port)),
  );
  const key = `${guestPort}/tcp`;
  const actual = await publisher.publish("a", to("172.20.0.2", "::1"), "0.0.0.0", { [key]: binding("") });
  expect(actual[key]?.map(({ HostIp }) => HostIp)).toEqual(["0.0.0.0", "::"]);
  expect(new Set(actual[key]?.map(({ HostPort }) => HostPort)).size).toBe(1);
  const port = Number(actual[key]?.[0]?.HostPort);
  const answer = await new Promise((resolve) => {
    connect({ host: "::1", port }).once("data", (data) => resolve(String(data)));
  });
  expect(answer).toBe("here");
  const second = publisher.publish("b", to("172.20.0.3", "fd00::3"), "0.0.0.0", {
    "80/tcp": binding(String(port), "::1"),
  });
  await expect(second).rejects.toThrow(
    `Bind for [::1]:${port} failed: port is already allocated by container name-of-a`,
  );
  await publisher.unpublish("a");
  guest.close();
});

test("publish() tries the other family where a server listens in one only", async () => {
  const guest = createServer((socket) => socket.end("there"));
  const guestPort = await new Promise<number>((resolve) =>
    guest.listen({ host: "127.0.0.1", port: 0 }, () => resolve((guest.address() as AddressInfo).port)),
  );
  const key = `${guestPort}/tcp`;
  const actual = await publisher.publish("a", to("127.0.0.1", "::1"), "0.0.0.0", { [key]: binding("") });
  const answer = await new Promise((resolve) => {
    connect({ host: "::1", port: Number(actual[key]?.[1]?.HostPort) }).once("data", (data) => resolve(String(data)));
  });
  expect(answer).toBe("there");
  await publisher.unpublish("a");
  guest.close();
});

test("publish() reserves SCTP ports among our own containers", async () => {
  await publish("a", "172.20.0.2", { "80/sctp": binding("7000") });
  expect(applied[0]).toMatchObject([{ op: "nftPublish", protocol: "sctp", hostPort: 7000 }]);
  await expect(publish("b", "172.20.0.3", { "80/sctp": binding("7000") })).rejects.toThrow("by container name-of-a");
});
