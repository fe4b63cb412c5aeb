/** Blobs that others than images hold too: neither a collection nor a sweep takes them. */
import type { Digest } from "../../base/digest.ts";
import type { BlobStore } from "./blob-store.ts";
import type { ImageTable } from "./image-table.ts";

export type BlobKeeper = {
  keeps(digest: Digest): boolean;
  all(): readonly Digest[];
};

export function keepBlobs(blobs: BlobStore, keeper: BlobKeeper): BlobStore {
  return {
    ...blobs,
    remove: (digest) => !keeper.keeps(digest) && blobs.remove(digest),
    sweep: (known) => blobs.sweep(new Set([...known, ...keeper.all()])),
  };
}

/** For a keeper that lets go of a blob: it goes unless an image, a layer or the keeper itself has it. */
export function dropBlob(blobs: BlobStore, table: ImageTable, digest: Digest): void {
  const used =
    table.layers().some((layer) => layer.blob === digest) || table.images().some((image) => image.id === digest);
  if (!used) blobs.remove(digest);
}
