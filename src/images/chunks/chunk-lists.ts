/** Chunk lists of blobs that are here: made by the native core when first asked for, then kept in `cache/chunks`. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestHex, isDigest, parseDigest } from "../../base/digest.ts";
import { createShortId } from "../../base/ids.ts";
import type { UnpackLimits } from "../../engines/index.ts";
import type { Jobs } from "../dependencies.ts";
import type { BlobStore } from "../store/blob-store.ts";
import { type ChunkList, parseChunks } from "./chunk-list.ts";

export type ChunkLists = {
  /** Throws where the blob is damaged. One that is no archive is its own content. */
  of(blob: Digest, signal?: AbortSignal): Promise<ChunkList>;
  /** Forgets lists of blobs that are gone. */
  sweep(): void;
};

type Options = { home: string; blobs: BlobStore; jobs: Jobs; limits: UnpackLimits };

export function createChunkLists({ home, blobs, jobs, limits }: Options): ChunkLists {
  const root = join(home, "cache", "chunks");
  const making = new Map<Digest, Promise<ChunkList>>();
  const path = (blob: Digest) => join(root, digestHex(blob));

  const read = (blob: Digest): ChunkList | null => {
    try {
      const bytes = readFileSync(path(blob));
      const end = bytes.indexOf("\n");
      const [diffId = "", size = ""] = bytes.toString("latin1", 0, end).split(" ");
      const chunks = parseChunks(bytes.subarray(end + 1), Number(size));
      return chunks && isDigest(diffId) ? { diffId, sizeBytes: Number(size), chunks } : null;
    } catch {
      return null; // made again: it is a cache
    }
  };
  const make = async (blob: Digest, signal: AbortSignal | undefined): Promise<ChunkList> => {
    const done = await jobs.run(
      { t: "chunkList", source: { stream: true }, limits },
      { input: blobs.open(blob), signal },
    );
    const [diffId, sizeBytes] = [parseDigest(done.diffId, "the native core's answer"), Number(done.sizeBytes)];
    const bytes = done.chunks as Uint8Array;
    const chunks = parseChunks(bytes, sizeBytes);
    if (parseDigest(done.digest, "the native core's answer") !== blob || !chunks)
      throw new Error(`the blob ${blob} is damaged`);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const draft = join(root, `draft-${createShortId()}`);
    writeFileSync(draft, Buffer.concat([Buffer.from(`${diffId} ${sizeBytes}\n`), bytes]), { mode: 0o600 });
    renameSync(draft, path(blob));
    return { diffId, sizeBytes, chunks };
  };
  return {
    async of(blob, signal) {
      const known = read(blob);
      if (known) return known;
      const under = making.get(blob);
      if (under) return await under.catch(() => make(blob, signal));
      const work = make(blob, signal).finally(() => making.delete(blob));
      making.set(blob, work);
      return await work;
    },
    sweep() {
      let entries: string[] = [];
      try {
        entries = readdirSync(root);
      } catch {
        return; // nothing was ever kept
      }
      for (const entry of entries) {
        const digest = `sha256:${entry}`;
        if (!isDigest(digest) || !blobs.has(digest)) rmSync(join(root, entry), { force: true });
      }
    },
  };
}
