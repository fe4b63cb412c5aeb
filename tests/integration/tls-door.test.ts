import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { openTlsDoor, type TlsDoor } from "../../src/api/index.ts";
import { createLogger } from "../../src/base/log.ts";
import { type Certificates, createCertificates } from "../support/certificates.ts";

let made: Certificates;
let inner: Server;
let door: TlsDoor;
const seen: string[] = [];

beforeAll(async () => {
  made = createCertificates();
  for (const name of ["ours", "foreign"]) made.authority(name);
  made.certificate("server", "ours");
  made.certificate("client", "ours");
  made.certificate("stranger", "foreign");
  const socketPath = join(made.dir, "socket");
  // Says back what it got once the client has ended its side, which only a half-close can tell.
  inner = createServer({ allowHalfOpen: true }, (socket) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += String(chunk);
    });
    socket.on("end", () => {
      seen.push(text);
      socket.end(`got ${text.length}`);
    });
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => inner.listen(socketPath, () => resolve()));
  const files = { ca: made.pem("ours.pem"), cert: made.pem("server.pem"), key: made.pem("server.key") };
  const logger = createLogger(() => undefined);
  door = await openTlsDoor({ ...files, host: "127.0.0.1", port: 0, socketPath, logger });
});
afterAll(async () => {
  await door[Symbol.asyncDispose]();
  inner.close();
  made[Symbol.dispose]();
});

function say(text: string, who: string | null): Promise<string> {
  return new Promise((resolve) => {
    const own = who === null ? {} : { cert: made.pem(`${who}.pem`), key: made.pem(`${who}.key`) };
    const checks = { ca: made.pem("ours.pem"), checkServerIdentity: () => undefined };
    const socket = connect({ host: "127.0.0.1", port: door.port, ...checks, ...own });
    let answer = "";
    socket.on("secureConnect", () => socket.end(text));
    socket.on("data", (chunk: Buffer) => {
      answer += String(chunk);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
  });
}

describe("openTlsDoor()", () => {
  test("lets a client with our certificate through, both ways and to the end of each", async () => {
    expect(await say("hello", "client")).toBe("got 5");
    const large = "x".repeat(3_000_000);
    expect(await say(large, "client")).toBe("got 3000000");
  });
  test("lets nobody else through", async () => {
    const before = seen.length;
    expect(await say("hello", "stranger")).toBe("");
    expect(await say("hello", null)).toBe("");
    expect(seen.length).toBe(before);
  });
});
