import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../base/digest.ts";
import { createImageResolver } from "../resolve.ts";
import { recordImage } from "../store/record-image.ts";
import { compress, configOf, tarOf } from "../testing/archives.ts";
import { openTestImages, type TestImages } from "../testing/open-test-images.ts";
import { sha256 } from "../testing/tar-jobs.ts";
import { type OpenLayer, openLayer } from "./open-layer.ts";
import { nextChainId } from "./snapshotter.ts";

const base = Buffer.from(tarOf({ "etc/os": "base\n".repeat(50_000) }));
const app = Buffer.from(tarOf({ "app/run": "run\n" }));
const digest = (bytes: Buffer) => sha256(bytes) as Digest;
const diffId = digest(base);

const left = (at: TestImages) =>
  ["blobs/drafts", "blobs/sha256", "layers/drafts"].flatMap((dir) => readdirSync(join(at.home, dir)));

const read = async (at: TestImages, blob: Digest) =>
  Buffer.concat(await Array.fromAsync(at.images.store.blobs.open(blob)));

function options(at: TestImages, bytes: Buffer, extra: Partial<OpenLayer> = {}): OpenLayer {
  return {
    blob: { digest: digest(bytes), sizeBytes: bytes.byteLength },
    diffId,
    parent: null,
    lease: at.images.leases.take([]),
    signal: new AbortController().signal,
    ...extra,
  };
}

async function feed(at: TestImages, bytes: Buffer, given: OpenLayer): Promise<boolean> {
  await using intake = await openLayer(at.images, given);
  if (!intake) return false;
  for (let start = 0; start < bytes.byteLength; start += 7_777)
    await intake.write(bytes.subarray(start, start + 7_777));
  await intake.commit();
  return true;
}

test.each(["none", "gzip", "zstd"] as const)(
  "openLayer() takes a %p layer in pieces; an image is recorded of it",
  async (kind) => {
    using at = openTestImages();
    using lease = at.images.leases.take([]);
    const parts = [base, app].map((tar) => compress(Buffer.from(tar), kind));
    for (const [index, bytes] of parts.entries()) {
      const tar = index === 0 ? base : app;
      const parent = index === 0 ? null : diffId;
      expect(await feed(at, bytes, options(at, bytes, { diffId: digest(tar), parent, lease }))).toBe(true);
    }
    const id = recordImage(at.images, { config: Buffer.from(configOf([base, app])), parent: null });
    const { layers } = await createImageResolver(at.images).byId(id);
    expect(layers.lowers.map((lower) => readdirSync(lower))).toEqual([["app"], ["etc"]]);
    expect(await read(at, digest(parts[0] ?? base))).toEqual(Buffer.from(parts[0] ?? base));
    expect(readdirSync(join(at.home, "blobs/drafts"))).toEqual([]);
  },
);

test("openLayer() answers null for what is there, and for what came in while it waited", async () => {
  using at = openTestImages();
  using lease = at.images.leases.take([]);
  const both = await Promise.all([
    feed(at, base, options(at, base, { lease })),
    feed(at, base, options(at, base, { lease })),
  ]);
  expect(both).toEqual([true, false]);
  expect(await openLayer(at.images, options(at, base, { lease }))).toBeNull();
  expect(at.jobs.ran).toEqual(["unpack"]);
});

test("openLayer() makes the caller's own file the blob", async () => {
  using at = openTestImages();
  const file = join(at.home, "partial");
  await Bun.write(file, new Uint8Array(base));
  await feed(at, base, options(at, base, { file }));
  expect(await read(at, diffId)).toEqual(base);
  expect(readFileSync(file)).toEqual(base);
});

const refused: [string, (at: TestImages) => Promise<unknown>, string][] = [
  ["too few bytes", (at) => feed(at, base.subarray(0, 5000), options(at, base)), "but 5000 came"],
  ["too many bytes", (at) => feed(at, Buffer.concat([base, base]), options(at, base)), "but more came"],
  ["other bytes", (at) => feed(at, Buffer.from(base).fill(65, 5000, 5100), options(at, base)), "its digest is"],
  ["another layer's content", (at) => feed(at, app, options(at, app)), "Cannot accept a layer's content"],
  [
    "bytes that are no archive",
    (at) => feed(at, Buffer.alloc(5000, 7), options(at, Buffer.alloc(5000, 7))),
    "Cannot unpack",
  ],
];

test.each(refused)("openLayer() refuses %s and leaves nothing behind", async (_, work, message) => {
  using at = openTestImages();
  await expect(work(at)).rejects.toThrow(message);
  expect(left(at)).toEqual([]);
  expect(at.images.store.table.layers()).toEqual([]);
  expect(await feed(at, base, options(at, base))).toBe(true); // the lock is free
});

test("openLayer() tells the writer what ended the unpacking, and gives up when told to", async () => {
  using at = openTestImages();
  at.jobs.before = (type) => {
    if (type === "unpack") throw Object.assign(new Error("write failed"), { code: "ENOSPC" });
  };
  await expect(feed(at, base, options(at, base))).rejects.toThrow("write failed");
  at.jobs.before = () => undefined;
  const stop = new AbortController();
  const intake = await openLayer(at.images, options(at, base, { signal: stop.signal }));
  await intake?.write(base.subarray(0, 1000));
  stop.abort();
  await expect(intake?.write(base.subarray(1000))).rejects.toThrow("aborted");
  await intake?.[Symbol.asyncDispose]();
  expect(left(at)).toEqual([]);
});

test("recordImage() refuses an image whose layers are not all there", async () => {
  using at = openTestImages();
  using _lease = at.images.leases.take([nextChainId(null, diffId)]);
  const config = Buffer.from(configOf([base, app]));
  expect(() => recordImage(at.images, { config, parent: null })).toThrow("its layer sha256:");
  expect(at.images.store.list()).toEqual([]);
});
