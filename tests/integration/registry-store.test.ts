/** What a registry's content costs on disk: uncompressed layers share their chunks. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openTestHome, type TestHome } from "../support/home.ts";
import { type ServedRegistry, serveRegistry } from "../support/registry.ts";
import { member, tarOf } from "../support/tar.ts";

let home: TestHome;
let registry: ServedRegistry;
beforeAll(async () => {
  home = await openTestHome({ image: false });
  registry = await serveRegistry(home);
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const usedBytes = () => {
  const paths = ["chunks", "blobs", "registry"].map((name) => join(home.home, name));
  const { stdout } = spawnSync("du", ["-sbc", ...paths], { encoding: "utf8" });
  return Number(stdout.trim().split("\n").at(-1)?.split("\t")[0]);
};
async function push(bytes: Uint8Array): Promise<string> {
  const digest = sha256(bytes);
  const url = `${registry.url}/v2/app/blobs/uploads/?digest=${digest}`;
  expect((await fetch(url, { method: "POST", body: bytes as Uint8Array<ArrayBuffer> })).status).toBe(201);
  return digest;
}
const pull = async (digest: string, headers: Record<string, string> = {}) =>
  await (await fetch(`${registry.url}/v2/app/blobs/${digest}`, { headers })).bytes();

test("version n+1 of an uncompressed layer costs its new chunks, survives a kill, and both go when they are deleted", async () => {
  const data = randomBytes(10_000_000);
  const [first, second] = [
    data,
    Buffer.concat([data.subarray(0, 4_000_000), randomBytes(2000), data.subarray(4_000_000)]),
  ].map((bytes) => tarOf([member("data", bytes)]));
  if (!first || !second) throw new Error("two layers were made");
  const before = usedBytes();
  const one = await push(first);
  const whole = usedBytes() - before;
  expect(whole).toBeGreaterThan(first.byteLength);
  const two = await push(second);
  const added = usedBytes() - before - whole;
  console.log(`chunks on disk: ${whole} bytes for the first version, ${added} more for the second`);
  expect(added).toBeLessThan(whole / 20);
  expect(readdirSync(join(home.home, "blobs/sha256"))).toEqual([]);

  await home.kill("SIGKILL");
  await home.start();
  expect(sha256(await pull(one))).toBe(one);
  expect(sha256(await pull(two))).toBe(two);
  const part = await pull(two, { Range: "bytes=3999000-4003000" });
  expect(Buffer.compare(part, second.subarray(3_999_000, 4_003_001))).toBe(0);
  const head = await fetch(`${registry.url}/v2/app/blobs/${two}`, { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe(String(second.byteLength));

  await fetch(`${registry.url}/v2/app/blobs/${one}`, { method: "DELETE" });
  expect(sha256(await pull(two))).toBe(two);
  await fetch(`${registry.url}/v2/app/blobs/${two}`, { method: "DELETE" });
  expect((await fetch(`${registry.url}/v2/app/blobs/${two}`)).status).toBe(404);
  while (readdirSync(join(home.home, "chunks/packs")).length > 0) await new Promise((resolve) => setImmediate(resolve));
});
