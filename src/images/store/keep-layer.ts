/** Layers that are there, and how a verified one becomes one of them. */
import type { Digest } from "../../base/digest.ts";
import type { LayerDraft } from "../layers/snapshotter.ts";
import type { ImageStore } from "./image-store.ts";
import type { LayerRow } from "./image-table.ts";

/** With all of its parts, in whatever form: what lost its files is taken in again. */
export function hasLayer(store: ImageStore, chainId: Digest): boolean {
  const layer = store.table.layer(chainId);
  return layer !== null && store.forms.some((form) => form.has(layer)) && store.blobs.has(layer.blob);
}

/**
 * Blob, then files, then row: what a crash leaves in between has no row and is swept. `file` has the layer's bytes as
 * they came; it may be missing where the files give them back. The caller leases `chainId` and holds its lock.
 */
export function keepLayer(store: ImageStore, chainId: Digest, draft: LayerDraft, file: string | null): LayerRow {
  if (!(store.snapshotter.givesTarBack && draft.digest === draft.diffId)) {
    if (file === null) throw new Error(`the blob ${draft.digest} was not kept`);
    store.blobs.adopt(file, draft.digest);
  }
  draft.commit(chainId);
  const row = {
    chainId,
    diffId: draft.diffId,
    blob: draft.digest,
    blobBytes: draft.blobBytes,
    sizeBytes: draft.sizeBytes,
  };
  store.table.addLayer(row);
  return row;
}
