/**
 * Runs inside a network namespace of its own (`unshare -n -m`): the network feature on the real core and the real kernel,
 * with a guest that answers on port 80. Prints what it saw as one line of JSON for network.test.ts.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../src/base/log.ts";
import { findCore } from "../../src/daemon/core-path.ts";
import { type CoreConnection, expectHello } from "../../src/engines/native/connection.ts";
import { failureMessage } from "../../src/engines/native/failure-message.ts";
import { createJobs } from "../../src/engines/native/jobs.ts";
import type { FailedFrame, NetPrepare } from "../../src/engines/native/protocol.ts";
import { createZygote } from "../../src/engines/native/zygote.ts";
import { createNetworks, type Networks, networkMigrations } from "../../src/network/index.ts";
import { createEvents, openDatabase } from "../../src/state/index.ts";

const output = (...[program = "", ...args]: string[]) => spawnSync(program, args, { encoding: "utf8" }).stdout;
output("mount", "-t", "sysfs", "sysfs", "/sys");
output("ip", "link", "set", "lo", "up");
output("ip", "link", "add", "foreign0", "type", "bridge");

const dir = mkdtempSync(join(tmpdir(), "hbx-net-"));
const logger = createLogger((line) => process.stderr.write(line), "warn");
const corePath = findCore(process.env["HYPERBOX_CORE"], join(import.meta.dirname, "../../src/daemon"));
const zygote = createZygote({ corePath, socketPath: join(dir, "zygote.sock"), logger });
const jobs = createJobs(
  () => zygote.connect(),
  (_, failed) => failureMessage(failed),
);
const db = openDatabase(join(dir, "state.db"));
db.migrate(networkMigrations);
const open = (): Networks =>
  createNetworks({
    ...{ db, jobs, logger, events: createEvents(), tag: "abcdef01", publishAddress: "0.0.0.0" },
    attached: () => [],
    containerName: (id) => id,
    spares: { warm: () => undefined, drain: async () => undefined },
  });

/** Links and rules of the host. A bridge of the host's own keeps forwarding on. */
const hostState = () => [readdirSync("/sys/class/net").sort().join(" "), output("nft", "list", "ruleset")].join("\n");

async function prepare(id: string, net: NetPrepare): Promise<{ connection: CoreConnection; holderPid: number }> {
  const connection = await zygote.connect();
  connection.send({ t: "prepare", id, controlSocket: join(dir, id), cgroup: { dirs: [], writes: [] }, net });
  await expectHello(connection);
  const answer = await connection.receive();
  if (!answer || answer.t === "failed") throw failureMessage(answer as unknown as FailedFrame);
  return { connection, holderPid: Number(answer["holderPid"]) };
}

const serverCode = `
import socket
s = socket.socket(); s.bind(("0.0.0.0", 80)); s.listen(); print("up", flush=True)
while True:
    c, a = s.accept(); c.sendall(a[0].encode()); c.close()
`;
const askCode = `
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2); print(s.recv(99).decode(), end="")
`;

/** What the guest answers: the address that it sees. */
function ask(address: string, port: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  const socket = connect(port, address, () => undefined);
  socket.on("data", (data) => {
    text += String(data);
  });
  socket.on("close", () => resolve(text));
  socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
  return promise;
}

const before = hostState();
const first = open();
const bridge = { kind: "network", network: first.networkId("bridge") } as const;
const server = await first.prepare(bridge);
const client = await first.prepare(bridge);
if (!server.endpoint || !client.endpoint) throw new Error("no endpoint");
const guests = [await prepare("server", server.net), await prepare("client", client.net)] as const;
const inside = (guest: { holderPid: number }) => ["nsenter", "-t", String(guest.holderPid), "-n"];
const [nsenter = "", ...enter] = inside(guests[0]);
const python = spawn(nsenter, [...enter, "python3", "-c", serverCode], { stdio: ["ignore", "pipe", "inherit"] });
await new Promise((resolve) => python.stdout.once("data", resolve));

const ports = await first.publish("web", [server.endpoint], {}, { "80/tcp": [{ HostIp: "", HostPort: "8080" }] });
const report: Record<string, unknown> = { ports, gateway: server.endpoint.gateway };
report["published"] = await ask("127.0.0.1", 8080);
report["fromContainer"] = output(...inside(guests[1]), "python3", "-c", askCode, server.endpoint.gateway, "8080");
report["between"] = output(...inside(guests[1]), "python3", "-c", askCode, server.endpoint.address, "80");
report["clientAddress"] = client.endpoint.address;
report["conflict"] = await first
  .publish("other", [client.endpoint], {}, { "80/tcp": [{ HostIp: "", HostPort: "8080" }] })
  .catch((error) => error.message);

// Somebody else flushes everything: it is noticed and restored.
output("nft", "flush", "ruleset");
for (let n = 0; n < 200 && (await ask("127.0.0.1", 8080)) !== server.endpoint.gateway; n++) await Bun.sleep(10);
report["afterFlush"] = await ask("127.0.0.1", 8080);
output("ip", "link", "delete", "hbxabcdef01");
for (let n = 0; n < 200 && (await ask("127.0.0.1", 8080)) !== server.endpoint.gateway; n++) await Bun.sleep(10);
report["afterLinkDelete"] = await ask("127.0.0.1", 8080);

// The daemon dies; the next one finds the server alive and the client gone.
guests[1].connection[Symbol.dispose]();
await first.teardown();
output("nft", "flush", "ruleset");
report["flushed"] = await ask("127.0.0.1", 8080);
const second = open();
await second.sweep([{ id: "web", endpoints: [server.endpoint] }]);
report["restored"] = await ask("127.0.0.1", 8080);

await second.unpublish("web");
report["closed"] = await ask("127.0.0.1", 8080);
python.kill();
guests[0].connection[Symbol.dispose]();
second.release(server.endpoint);
await second.teardown();
// The kernel takes a dead namespace's links down a moment later.
for (let n = 0; n < 500 && hostState() !== before; n++) await Bun.sleep(10);
report["hostAsBefore"] = hostState() === before;
if (!report["hostAsBefore"]) report["host"] = hostState();

await zygote[Symbol.asyncDispose]();
db[Symbol.dispose]();
rmSync(dir, { recursive: true });
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
