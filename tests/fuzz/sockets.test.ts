/** Garbage on every socket: nothing answers it with a crash, nothing grows, and the daemon serves on. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createContainer, execIn } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { processesOf } from "../support/kernel.ts";
import { createRandom, type Random } from "../support/random.ts";

let home: TestHome;
let container: string;
let random: Random;
let daemonPid: number;

beforeAll(async () => {
  random = createRandom("socket fuzz", 4711);
  home = await openTestHome();
  container = await createContainer(home.api, ["sleep", "600"]);
  await home.api.ok("POST", `/containers/${container}/start`);
  daemonPid = home.daemonPid;
});
afterAll(async () => {
  await home.api.call("DELETE", `/containers/${container}?force=1`);
  await home[Symbol.asyncDispose]();
});

/** Sends and reads until the peer closes, at most a second and a mebibyte. */
function throwAt(path: string, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = connect({ path }, () => socket.end(bytes));
    const done = () => {
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > 1 << 20) done();
    });
    socket.once("error", done);
    socket.once("close", done);
    socket.setTimeout(1000, done);
  });
}

async function expectAlive(): Promise<void> {
  expect(home.daemonPid).toBe(daemonPid);
  expect((await home.api.ok("GET", "/_ping")).text).toBe("OK");
  expect((await execIn(home.api, container, ["echo", "alive"])).stdout).toBe("alive\n");
}

const frame = (body: Uint8Array): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.byteLength);
  return Buffer.concat([head, body]);
};

/** Random bytes, random frames, frames of wrong length, and well-formed MessagePack of nonsense. */
function garbage(n: number): Buffer {
  const body = random.bytes(random.below(200) + 1);
  if (n % 4 === 0) return body;
  if (n % 4 === 1) return frame(body);
  if (n % 4 === 2) return Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), body]);
  const hello = Buffer.from([
    0x82,
    0xa1,
    0x74,
    0xa5,
    ...Buffer.from("hello"),
    0xa7,
    ...Buffer.from("version"),
    random.below(128),
  ]);
  return Buffer.concat([frame(hello), frame(body)]);
}

describe("the core's sockets", () => {
  test("the zygote survives 150 pieces of garbage", async () => {
    const zygote = () => processesOf(home.home).find(({ name }) => name === "hbx-zygote")?.pid;
    const before = zygote();
    expect(before).toBeNumber();
    for (let n = 0; n < 150; n++) await throwAt(join(home.home, "run/zygote"), garbage(n));
    expect(zygote()).toBe(before);
    await expectAlive();
  });
  test("a shim survives 150 pieces of garbage, and its container with it", async () => {
    const sockets = readdirSync(join(home.home, "run")).filter((name) => name.endsWith(".sock"));
    expect(sockets.length).toBeGreaterThan(0);
    for (const name of sockets) {
      for (let n = 0; n < 50; n++) await throwAt(join(home.home, "run", name), garbage(n));
    }
    await expectAlive();
  });
  test("a frame that is too long is answered by a failure, not by waiting", async () => {
    const answer = await throwAt(join(home.home, "run/zygote"), Buffer.from([0x7f, 0xff, 0xff, 0xff, 1, 2, 3]));
    expect(answer.toString("latin1")).toContain("failed");
  });
});

describe("the API's socket", () => {
  test("200 pieces of garbage", async () => {
    for (let n = 0; n < 200; n++) await throwAt(home.socket, random.bytes(random.below(400) + 1));
    await expectAlive();
  });

  const abuses: [what: string, text: string, answer: RegExp][] = [
    ["a huge header", `GET /_ping HTTP/1.1\r\nHost: d\r\nX: ${"a".repeat(200_000)}\r\n\r\n`, /^$|^HTTP\/1\.1 4\d\d/],
    [
      "two lengths",
      "POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
      /^$|^HTTP\/1\.1 400/,
    ],
    [
      "length and chunks together",
      "POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      /^$|^HTTP\/1\.1 400/,
    ],
    [
      "a negative length",
      "POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: -1\r\n\r\n",
      /^$|^HTTP\/1\.1 400/,
    ],
    [
      "a bad chunk",
      "POST /images/load HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      /^$|^HTTP\/1\.1 400/,
    ],
    ["a method of its own", "FETCH /_ping HTTP/1.1\r\nHost: d\r\n\r\n", /^$|^HTTP\/1\.1 4\d\d/],
    [
      "a path with NUL and dots",
      "GET /containers/%00/../../etc/passwd/json HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n",
      /^HTTP\/1\.1 40\d/,
    ],
    [
      "a path that is no UTF-8",
      "GET /containers/%ff%fe/json HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n",
      /^HTTP\/1\.1 400/,
    ],
    [
      "an upgrade where there is none",
      "GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
      /^HTTP\/1\.1 200/,
    ],
    [
      "deep JSON",
      `POST /containers/create HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n${"[".repeat(200_000)}`,
      /^HTTP\/1\.1 400/,
    ],
  ];
  for (const [what, text, wanted] of abuses) {
    test(`${what} is refused`, async () => {
      expect((await throwAt(home.socket, Buffer.from(text, "latin1"))).toString("latin1")).toMatch(wanted);
      await expectAlive();
    });
  }

  test("nothing of it is left in the daemon", async () => {
    await Bun.sleep(200);
    expect(readdirSync(`/proc/${daemonPid}/fd`).length).toBeLessThan(120);
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemonPid}/status`, "utf8"))?.[1]);
    expect(rss).toBeLessThan(400 * 1024);
    expect(home.log()).not.toContain('"event":"unhandled"');
  });
});
