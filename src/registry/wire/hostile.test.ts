/** Clients that mean harm, and clients that have bad luck. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { uploadLifetimeMs } from "../registry.ts";
import {
  failure,
  manifestType,
  openTestRegistry,
  pushBlob,
  pushManifest,
  sha256,
  someBytes,
  type TestRegistry,
} from "../testing/open-test-registry.ts";

const blobsOf = ({ home }: TestRegistry) => readdirSync(join(home, "blobs/sha256"));
const uploadsOf = ({ home }: TestRegistry) => readdirSync(join(home, "registry/uploads"));

/** Sends text as it is: clients of libraries tidy up paths. */
async function raw({ url }: TestRegistry, text: string): Promise<string> {
  const socket = await dial(url);
  socket.write(text);
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("latin1");
}
async function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

test.each([
  "/v2/../../etc/passwd/manifests/latest",
  "/v2/..%2f..%2fetc/manifests/latest",
  "/v2/a/../b/tags/list",
  "/v2//tags/list",
  "/v2/A/tags/list",
  "/v2/a//b/tags/list",
  "/v2/a/blobs/uploads/../../../state.db",
  "/v2/a/blobs/uploads/..%2f..%2fstate.db",
  "/v2/a/blobs/..%2f..%2fstate.db",
  "/v2/a/manifests/..%2f..%2fstate.db",
  "/v2/a/blobs/sha256:../../state.db",
  `/v2/${"a/".repeat(200)}a/tags/list`,
  "/v2/a/tags/list%00",
  "/v2/%ff/tags/list",
  "/etc/passwd",
  "/",
])("GET %s is refused in the words of the specification", async (path) => {
  await using registry = await openTestRegistry();
  await pushManifest(registry, "a", "latest");
  const answer = await raw(registry, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 40[045] /);
  expect(answer).toContain('{"errors":[{"code":"');
  expect(registry.logged.join("")).not.toContain('"level":"error"');
});

test("a manifest beyond 4 MiB is refused, announced or not", async () => {
  await using registry = await openTestRegistry();
  const headers = { "Content-Type": manifestType };
  const body = JSON.stringify({ filler: "x".repeat(4 * 1024 * 1024) });
  const before = blobsOf(registry);
  expect((await registry.call("PUT", "/v2/a/manifests/big", { body, headers })).status).toBe(413);
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(someBytes(256 * 1024));
    },
  });
  const endless = await registry.call("PUT", "/v2/a/manifests/big", { body: stream, headers }).catch(() => null);
  if (endless) expect(endless.status).toBe(413);
  expect(blobsOf(registry)).toEqual(before);
});

const descriptor = { mediaType: "application/x", digest: sha256("x"), size: 1 };
test.each([
  ["no JSON", "{"],
  ["a list", "[]"],
  ["null", "null"],
  ["no schemaVersion", { config: descriptor, layers: [] }],
  ["another schemaVersion", { schemaVersion: 1, config: descriptor, layers: [] }],
  [
    "another mediaType",
    { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", config: descriptor, layers: [] },
  ],
  ["no config", { schemaVersion: 2, layers: [] }],
  ["layers that are none", { schemaVersion: 2, config: descriptor, layers: "x" }],
  ["a digest that is a path", { schemaVersion: 2, config: { ...descriptor, digest: "sha256:../../x" }, layers: [] }],
  ["a negative size", { schemaVersion: 2, config: { ...descriptor, size: -1 }, layers: [] }],
  ["too many layers", { schemaVersion: 2, config: descriptor, layers: Array(10_001).fill(descriptor) }],
  ["annotations that are no texts", { schemaVersion: 2, config: descriptor, layers: [], annotations: { a: 1 } }],
])("a manifest with %s is refused", async (_what, content) => {
  await using registry = await openTestRegistry();
  const body = typeof content === "string" ? content : JSON.stringify(content);
  const answer = await registry.call("PUT", "/v2/a/manifests/x", { body, headers: { "Content-Type": manifestType } });
  expect(await failure(answer)).toEqual([400, "MANIFEST_INVALID"]);
  expect(blobsOf(registry)).toEqual([]);
});

test("a manifest cannot name what its repository does not have, though another has it", async () => {
  await using registry = await openTestRegistry();
  const digest = await pushBlob(registry, "secret", someBytes(10));
  const { answer } = await pushManifest(registry, "mine", "v1", { layers: [{ digest, size: 10 }] });
  expect(await failure(answer)).toEqual([404, "MANIFEST_BLOB_UNKNOWN"]);
});

test("many pushes of one blob at once leave one blob", async () => {
  await using registry = await openTestRegistry();
  const bytes = someBytes(500_000);
  const digests = await Promise.all(Array.from({ length: 20 }, (_, at) => pushBlob(registry, `repo${at % 4}`, bytes)));
  expect(new Set(digests).size).toBe(1);
  expect(blobsOf(registry)).toHaveLength(1);
  expect(uploadsOf(registry)).toEqual([]);
});

test("two requests cannot write to one upload; when the first leaves, the other goes on where it stood", async () => {
  await using registry = await openTestRegistry();
  const place = (await registry.call("POST", "/v2/a/blobs/uploads/")).headers.get("location") ?? "";
  const bytes = someBytes(200_000);
  const socket = await dial(registry.url);
  socket.write(`PATCH ${place} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n`);
  socket.write(bytes.subarray(0, 100_000));
  const size = async () => Number((await registry.call("GET", place)).headers.get("range")?.slice(2)) + 1;
  await until(async () => (await size()) === 100_000);
  expect(await failure(await registry.call("PATCH", place, { body: bytes }))).toEqual([409, "BLOB_UPLOAD_INVALID"]);
  socket.destroy();
  const rest = () =>
    registry.call("PATCH", place, { body: bytes.slice(100_000), headers: { "Content-Range": "100000-199999" } });
  let answer = await rest();
  await until(async () => {
    if (answer.status === 409) answer = await rest();
    return answer.status !== 409;
  });
  expect(answer.status).toBe(202);
  const digest = sha256(bytes);
  expect((await registry.call("PUT", `${place}?digest=${digest}`)).status).toBe(201);
  expect(
    createHash("sha256")
      .update(await (await registry.call("GET", `/v2/a/blobs/${digest}`)).bytes())
      .digest("hex"),
  ).toBe(digest.slice(7));
});

test("a whole upload whose client leaves in the middle leaves nothing", async () => {
  await using registry = await openTestRegistry();
  const bytes = someBytes(1000);
  const socket = await dial(registry.url);
  socket.write(
    `POST /v2/a/blobs/uploads/?digest=${sha256(bytes)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n`,
  );
  socket.write(bytes.subarray(0, 500));
  await until(async () => uploadsOf(registry).length === 1);
  socket.destroy();
  await until(async () => uploadsOf(registry).length === 0);
  expect(blobsOf(registry)).toEqual([]);
});

test("an upload that nobody goes on with ends after a day, in memory, on disk and in the database", async () => {
  await using registry = await openTestRegistry();
  const place = (await registry.call("POST", "/v2/a/blobs/uploads/")).headers.get("location") ?? "";
  registry.now += uploadLifetimeMs - 1000;
  const young = (await registry.call("POST", "/v2/a/blobs/uploads/")).headers.get("location") ?? "";
  registry.now += 2000;
  await registry.reopen();
  expect(await failure(await registry.call("GET", place))).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
  expect((await registry.call("GET", young)).status).toBe(204);
  expect(uploadsOf(registry)).toHaveLength(1);
});

test("prune removes what no manifest names, but not what came a moment ago", async () => {
  await using registry = await openTestRegistry();
  const [used, stray] = [await pushBlob(registry, "a", someBytes(100)), await pushBlob(registry, "a", someBytes(200))];
  await pushManifest(registry, "a", "v1", { layers: [{ digest: used, size: 100 }] });
  registry.now += 1000;
  expect(registry.registry.prune(5000)).toEqual({ blobs: 0, uploads: 0, freedBytes: 0 });
  expect(registry.registry.prune(500)).toEqual({ blobs: 1, uploads: 0, freedBytes: 200 });
  expect(existsSync(join(registry.home, "blobs/sha256", stray.slice(7)))).toBe(false);
  expect((await registry.call("GET", "/v2/a/manifests/v1")).status).toBe(200);
});

test.skipIf(process.getuid?.() !== 0)("a full disk is told as such, and what was there stays usable", async () => {
  const dir = mkdtempSync("/tmp/hbx-small-");
  const script = 'mount -t tmpfs -o size=6m none "$1" && exec "$2" "$3" "$1"';
  const child = join(import.meta.dirname, "../testing/fill-disk.ts");
  const run = Bun.spawn(["unshare", "--mount", "sh", "-c", script, "sh", dir, process.execPath, child], {
    stderr: "inherit",
  });
  expect(JSON.parse(await new Response(run.stdout).text())).toEqual({
    whole: [507, "DENIED"],
    chunk: [507, "DENIED"],
    stands: "0-999999",
    manifest: [507, "DENIED"],
    afterwards: 201,
    uploads: 0,
  });
  rmSync(dir, { recursive: true });
});

/** Fails by the test's own time limit. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
