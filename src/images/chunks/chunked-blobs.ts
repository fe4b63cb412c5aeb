/**
 * Blobs kept as chunks (`chunks/`, docs/protocol.md): version n+1 of an uncompressed layer costs what is new in it. To everybody
 * else they are blobs like others.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestHex, isDigest } from "../../base/digest.ts";
import type { Jobs } from "../dependencies.ts";
import type { BlobStore } from "../store/blob-store.ts";
import { chunkBytes } from "./chunk-list.ts";

export type ChunkStore = {
  /** Takes the content of a verified file in; the file stays the caller's. False: such content is kept as a file. */
  take(file: string, digest: Digest): Promise<boolean>;
};

type Options = { home: string; jobs: Jobs };

/** Smaller ones are not worth three files. */
const minBytes = 1024 * 1024;

export function withChunkedBlobs(blobs: BlobStore, { home, jobs }: Options): { blobs: BlobStore; chunks: ChunkStore } {
  const store = join(home, "chunks");
  const lists = join(store, "lists");
  mkdirSync(lists, { recursive: true, mode: 0o700 });
  const path = (digest: Digest) => join(lists, digestHex(digest));
  const has = (digest: Digest) => existsSync(path(digest));
  const all = () =>
    readdirSync(lists)
      .map((entry) => `sha256:${entry}` as Digest)
      .filter(isDigest);
  let collecting = Promise.resolve();
  /** Lists that are gone are not wanted any more; what only they had is freed in the background. */
  const collect = () => {
    collecting = collecting.then(async () => {
      await jobs.run({ t: "chunkCollect", store }).catch(() => undefined); // the next one frees it
    });
  };
  const drop = (digest: Digest): boolean => {
    if (!has(digest)) return false;
    rmSync(path(digest), { force: true });
    collect();
    return true;
  };
  return {
    chunks: {
      async take(file, digest) {
        if (blobs.has(digest)) return true;
        if (!(await isTar(file))) return false;
        await jobs.run({ t: "chunkPut", store, source: { path: file }, expectedDigest: digest });
        return true;
      },
    },
    blobs: {
      ...blobs,
      has: (digest) => blobs.has(digest) || has(digest),
      size: (digest) => (has(digest) && !blobs.has(digest) ? sizeOf(path(digest)) : blobs.size(digest)),
      open(digest, range) {
        if (blobs.has(digest) || !has(digest)) return blobs.open(digest, range);
        return jobs.stream({ t: "chunkCat", store, digest, ...range });
      },
      isZstd: (digest) => blobs.has(digest) && blobs.isZstd(digest),
      remove(digest) {
        const removed = blobs.remove(digest);
        return drop(digest) || removed;
      },
      sweep(known) {
        const gone = all().filter((digest) => !known.has(digest));
        for (const digest of gone) rmSync(path(digest), { force: true });
        if (gone.length > 0) collect();
        return blobs.sweep(known) + gone.length;
      },
    },
  };
}

/** Compressed content has no chunks in common with its next version, and what is no archive is small. */
async function isTar(file: string): Promise<boolean> {
  await using handle = await open(file, "r");
  if ((await handle.stat()).size < minBytes) return false;
  const magic = Buffer.alloc(5);
  await handle.read(magic, 0, 5, 257);
  return magic.toString("latin1") === "ustar";
}

function sizeOf(list: string): number {
  const bytes = readFileSync(list);
  let size = 0;
  for (let at = 32; at + 4 <= bytes.byteLength; at += chunkBytes) size += bytes.readUInt32BE(at);
  return size;
}
