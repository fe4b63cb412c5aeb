/** Blobs of uncompressed layers need not lie here twice: the file store gives them back from their files. */
import { digestHex } from "../../base/digest.ts";
import { layerLost } from "../errors.ts";
import type { BlobStore, ByteRange } from "./blob-store.ts";
import type { FileStore } from "./file-store.ts";
import type { ImageTable } from "./image-table.ts";

export function withLayerBlobs(blobs: BlobStore, files: FileStore, table: ImageTable): BlobStore {
  return {
    ...blobs,
    has: (digest) => blobs.has(digest) || files.has(digest),
    size(digest) {
      if (blobs.has(digest)) return blobs.size(digest);
      const layer = table.layers().find(({ diffId }) => diffId === digest);
      if (!layer) throw layerLost(digestHex(digest));
      return layer.sizeBytes;
    },
    open: (digest, range) => (blobs.has(digest) ? blobs.open(digest, range) : cut(files.openTar(digest), range)),
  };
}

async function* cut(chunks: AsyncIterable<Uint8Array>, range: ByteRange | undefined): AsyncGenerator<Uint8Array> {
  const from = range?.offset ?? 0;
  const to = range?.length === undefined ? Number.POSITIVE_INFINITY : from + range.length;
  let at = 0;
  if (to === from) return;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += chunk.byteLength;
    if (piece.byteLength > 0) yield piece;
    if (at >= to) return;
  }
  if (at < to && to !== Number.POSITIVE_INFINITY) throw new Error(`the layer ends at ${at}, ${to} bytes were expected`);
}
