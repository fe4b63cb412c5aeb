/** What a hostile client may send: each is refused or cut off, and the daemon goes on, as small as it was. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { openTestHome, type TestHome } from "../support/home.ts";

let home: TestHome;
beforeAll(async () => {
  home = await openTestHome({ image: false });
});
afterAll(() => home[Symbol.asyncDispose]());

/** What comes back until the daemon closes the connection, which it must. */
function send(bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(home.socket);
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => undefined); // its end follows
    socket.on("close", () => resolve(answer));
    socket.write(bytes);
  });
}

const closing = "Host: d\r\nConnection: close\r\n";
const post = "POST /volumes/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n";
const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))));

const refused: [what: string, sent: string | Uint8Array, status: string][] = [
  [
    "a length and chunks at once",
    `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /`,
    "400",
  ],
  ["two lengths", `${post}Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}abc`, "400"],
  ["a negative length", `${post}Content-Length: -1\r\n\r\n`, "400"],
  ["a space before the colon", `${post}Content-Length : 2\r\n\r\n{}`, "400"],
  ["an encoding that is nearly chunked", `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, "400"],
  ["a chunk without a size", `${post}Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n`, "400"],
  ["bare line feeds", "GET /_ping HTTP/1.1\nHost: d\n\n", "400"],
  ["a folded header", "GET /_ping HTTP/1.1\r\n Host: d\r\n\r\n", "400"],
  ["a NUL in a header", "GET /_ping HTTP/1.1\r\nHost: d\r\nX: a\0b\r\n\r\n", "400"],
  ["no host", "GET /_ping HTTP/1.1\r\n\r\n", "400"],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"],
  ["a TLS hello", bytes([0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3]), "400"],
  ["bytes without sense", bytes(Array.from({ length: 500 }, (_, index) => (index * 37 + 11) % 256)), "400"],
  ["an unknown method", "FOO /_ping HTTP/1.1\r\nHost: d\r\n\r\n", "400"],
  ["a whole URL of another host", `GET http://evil/_ping HTTP/1.1\r\n${closing}\r\n`, "404"],
  ["dots in a path", `GET /containers/../../etc/passwd/json HTTP/1.1\r\n${closing}\r\n`, "404"],
  ["an encoded NUL in a name", `GET /containers/%00/json HTTP/1.1\r\n${closing}\r\n`, "404"],
  ["a broken escape", `GET /containers/%zz/json HTTP/1.1\r\n${closing}\r\n`, "400"],
  ["an escape that is no UTF-8", `GET /containers/%ff%fe/json HTTP/1.1\r\n${closing}\r\n`, "400"],
  ["raw bytes in a path", bytes("GET /containers/", [0xff, 0xfe], "/json HTTP/1.1\r\nHost: d\r\n\r\n"), "400"],
  [
    "a name that is no UTF-8",
    bytes(`${post}Connection: close\r\nContent-Length: 14\r\n\r\n{"Name":"`, [0xff, 0xfe, 0x41], '"}'),
    "400",
  ],
  ["a header of 1 MB", `GET /_ping HTTP/1.1\r\nHost: d\r\nX: ${"a".repeat(1 << 20)}\r\n\r\n`, "400"],
  ["a path of 1 MB", `GET /${"a".repeat(1 << 20)} HTTP/1.1\r\nHost: d\r\n\r\n`, "400"],
  ["20,000 headers", `GET /_ping HTTP/1.1\r\nHost: d\r\n${"X: a\r\n".repeat(20_000)}\r\n`, "400"],
  ["an upgrade to HTTP/2", "POST /grpc HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "501"],
];

describe("a request with", () => {
  for (const [what, sent, status] of refused) {
    test(`${what} is refused`, async () => {
      expect(await send(sent)).toStartWith(`HTTP/1.1 ${status} `);
    });
  }
  test("an upgrade that nobody asked for is answered once, and what follows it is not read as a request", async () => {
    const upgrade = "GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
    const answer = await send(`${upgrade}GET /version HTTP/1.1\r\nHost: d\r\n\r\n`);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });
});

const descriptors = (): number => readdirSync(`/proc/${home.daemonPid}/fd`).length;
const residentKb = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${home.daemonPid}/status`, "utf8"))?.[1]);

/** Writes `chunk` until the daemon closes the connection or `most` bytes are out. Answers how many went. */
async function pour(
  head: string,
  chunk: string,
  most: number,
): Promise<{ sent: number; closed: boolean; answer: string }> {
  const socket = connect(home.socket);
  let closed = false;
  let answer = "";
  const gone = new Promise<void>((resolve) => {
    socket.once("close", () => {
      closed = true;
      resolve();
    });
  });
  socket.on("error", () => undefined);
  socket.on("data", (data) => {
    answer += data.toString("latin1");
  });
  socket.write(head);
  let sent = 0;
  while (!closed && sent < most) {
    sent += chunk.length;
    if (!socket.write(chunk)) await Promise.race([gone, new Promise((resolve) => socket.once("drain", resolve))]);
    socket.removeAllListeners("drain");
  }
  socket.destroy();
  return { sent, closed, answer };
}

describe("a client that", () => {
  test("sends headers without end is cut off, and nothing of them is kept", async () => {
    const before = residentKb();
    const { closed, sent } = await pour("GET /_ping HTTP/1.1\r\nHost: d\r\n", `X: ${"a".repeat(60_000)}\r\n`, 1 << 30);
    expect(closed).toBe(true);
    expect(sent).toBeLessThan(64 << 20);
    expect(residentKb() - before).toBeLessThan(64 * 1024);
  });
  test("sends a body without end is told so and cut off", async () => {
    const chunk = `10000\r\n${"a".repeat(65536)}\r\n`;
    const { closed, answer } = await pour(`${post}Transfer-Encoding: chunked\r\n\r\n`, chunk, 2 ** 40);
    expect(closed).toBe(true);
    expect(answer).toStartWith("HTTP/1.1 413 ");
  });
  test("leaves in the middle, 10,000 times, leaves nothing", async () => {
    const stages = ["GET /cont", `${post}Content-Length: 1000\r\n\r\n{"Na`, "GET /events HTTP/1.1\r\nHost: d\r\n\r\n"];
    const before = descriptors();
    const leave = (text: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(home.socket, () => socket.write(text, () => socket.destroy()));
        socket.on("error", () => undefined);
        socket.on("close", () => resolve());
      });
    for (let round = 0; round < 10_000; round += 1) await leave(stages[round % stages.length] ?? "");
    // The answer comes after the ends of those connections.
    for (let more = Number.POSITIVE_INFINITY; more > before; more = descriptors()) await home.api.ok("GET", "/_ping");
    expect(descriptors()).toBeLessThanOrEqual(before);
  });
});
