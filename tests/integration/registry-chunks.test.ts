/** Between two HyperBox hosts, version n+1 of a layer costs what is new in it: measured on the wire. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { openCountingProxy } from "../support/counting-proxy.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { type ServedRegistry, serveRegistry } from "../support/registry.ts";
import { member, tarOf } from "../support/tar.ts";

let server: TestHome;
let client: TestHome;
let registry: ServedRegistry;
beforeAll(async () => {
  [server, client] = [await openTestHome({ image: false }), await openTestHome({ image: false })];
  registry = await serveRegistry(server);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Pushes an image of one layer; its file `data` holds the bytes. Answers the blob's size and digest. */
async function push(tag: string, data: Uint8Array) {
  const tar = tarOf([member("data", data), member("version", tag)]);
  const blob = async (bytes: Uint8Array<ArrayBuffer>, mediaType: string) => {
    const digest = sha256(bytes);
    const answer = await fetch(`${registry.url}/v2/app/blobs/uploads/?digest=${digest}`, {
      method: "POST",
      body: bytes,
    });
    expect(answer.status).toBe(201);
    return { mediaType, digest, size: bytes.byteLength };
  };
  const config = {
    os: "linux",
    architecture: "amd64",
    config: {},
    rootfs: { type: "layers", diff_ids: [sha256(tar)] },
  };
  const text = JSON.stringify(config);
  const layer = await blob(gzipSync(tar) as Uint8Array<ArrayBuffer>, "application/vnd.oci.image.layer.v1.tar+gzip");
  const manifest = {
    schemaVersion: 2,
    config: await blob(Buffer.from(text) as Uint8Array<ArrayBuffer>, "application/vnd.oci.image.config.v1+json"),
    layers: [layer],
  };
  const headers = { "Content-Type": "application/vnd.oci.image.manifest.v1+json" };
  const put = await fetch(`${registry.url}/v2/app/manifests/${tag}`, {
    method: "PUT",
    body: JSON.stringify(manifest),
    headers,
  });
  expect(put.status).toBe(201);
  return { imageId: sha256(text), layer, tar };
}

async function pull(host: string, tag: string): Promise<string> {
  const answer = await client.api.ok("POST", `/images/create?fromImage=${host}/app&tag=${tag}`);
  if (answer.text.includes('"error"')) throw new Error(answer.text);
  return ((await client.api.ok("GET", `/images/${host}/app:${tag}/json`)).json as { Id: string }).Id;
}

const driver = async () => ((await client.api.ok("GET", "/info")).json as { Driver: string }).Driver;

test("a pull of version n+1 transfers its new chunks", async () => {
  await using proxy = await openCountingProxy(registry.port);
  const first = new Uint8Array(randomBytes(12_000_000));
  const second = Buffer.concat([first.subarray(0, 5_000_000), randomBytes(3000), first.subarray(5_000_000)]);
  const [one, two] = [await push("v1", first), await push("v2", second)];
  expect(await pull(proxy.host, "v1")).toBe(one.imageId);
  const whole = proxy.received;
  expect(whole).toBeGreaterThan(one.layer.size);
  proxy.received = 0;
  expect(await pull(proxy.host, "v2")).toBe(two.imageId);
  console.log(`chunks: ${whole} bytes for the first version, ${proxy.received} for the second`);
  // Where layers do not give their tar back, they are downloaded whole.
  if ((await driver()) === "erofs") expect(proxy.received).toBeLessThan(whole / 20);
  const saved = await client.api.stream(`/images/get?names=${proxy.host}/app:v2`);
  expect(Buffer.from(await saved.bytes()).includes(Buffer.from(two.tar.subarray(0, 100_000)))).toBe(true);
  expect((await client.api.ok("POST", `/images/create?fromImage=${registry.host}/app&tag=v2`)).text).not.toContain(
    '"error"',
  );
});

test("a pulled image is served on with the manifest that it came with", async () => {
  const { layer } = await push("v4", new Uint8Array(randomBytes(100_000)));
  await pull(registry.host, "v4");
  const second = await serveRegistry(client);
  const digestAt = async (url: string, name: string) =>
    (await fetch(`${url}/v2/${name}/manifests/v4`, { method: "HEAD" })).headers.get("docker-content-digest");
  const name = `${registry.host.replace(":", "_")}/app`;
  expect(await digestAt(second.url, name)).toBe(await digestAt(registry.url, "app"));
  const blob = await fetch(`${second.url}/v2/${name}/blobs/${layer.digest}`);
  expect(sha256(await blob.bytes())).toBe(layer.digest);
});

test("lists and chunks over HTTP: what is asked for, in its order; nothing else", async () => {
  const data = new Uint8Array(randomBytes(2_000_000));
  const { layer, tar } = await push("v3", data);
  const url = `${registry.url}/v2/app/_hyperbox/chunks/${layer.digest}`;
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get("hyperbox-diff-id"), answer.headers.get("hyperbox-size")]).toEqual([
    200,
    sha256(tar),
    String(tar.byteLength),
  ]);
  const list = Buffer.from(await answer.bytes());
  let offset = 0;
  const chunks = Array.from({ length: list.byteLength / 36 }, (_, at) => {
    const length = list.readUInt32BE(at * 36 + 32);
    const chunk = tar.subarray(offset, (offset += length));
    expect(sha256(chunk)).toBe(`sha256:${list.toString("hex", at * 36, at * 36 + 32)}`);
    return chunk;
  });
  expect(offset).toBe(tar.byteLength);
  const ask = (numbers: number[]) => {
    const body = Buffer.alloc(numbers.length * 4);
    for (const [at, number] of numbers.entries()) body.writeUInt32BE(number, at * 4);
    return fetch(url, { method: "POST", body });
  };
  const got = await ask([7, 2, 9]);
  expect(Buffer.compare(await got.bytes(), Buffer.concat([7, 2, 9].map((at) => chunks[at] ?? Buffer.alloc(0))))).toBe(
    0,
  );
  expect((await ask([])).status).toBe(200);
  expect((await ask([1, 1])).status).toBe(400);
  expect((await ask([chunks.length])).status).toBe(400);
  expect((await fetch(url, { method: "POST", body: "abc" })).status).toBe(400);
  expect((await fetch(`${registry.url}/v2/app/_hyperbox/chunks/${sha256("x")}`)).status).toBe(404);
});
