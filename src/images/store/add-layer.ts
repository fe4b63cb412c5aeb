/** Takes in a layer whose digest is not known before it was read: a commit, an import. */
import { join } from "node:path";
import type { Digest } from "../../base/digest.ts";
import { type LayerBytes, nextChainId } from "../layers/snapshotter.ts";
import type { AddDeps } from "./add-image.ts";
import { hasLayer, keepLayer } from "./keep-layer.ts";
import type { Lease } from "./leases.ts";

export type AddedLayer = {
  diffId: Digest;
  /** Holds the layer and those below until an image names them. */
  lease: Lease;
};

/** `below`: chain ids, bottom first. */
export async function addLayer(
  { store, locks, leases }: AddDeps,
  below: readonly Digest[],
  bytes: LayerBytes,
  signal: AbortSignal,
): Promise<AddedLayer> {
  using spool = store.blobs.createDraft();
  const file = "file" in bytes ? bytes.file : join(spool.path, "layer");
  const lease = leases.take(below);
  try {
    for (let source = bytes; ; source = { file }) {
      await using draft = await store.snapshotter.unpack(source, { expectedDigest: null, signal, copyTo: file });
      const chainId = nextChainId(below.at(-1) ?? null, draft.diffId);
      lease.add(chainId);
      lease.add(draft.diffId);
      if (!draft.isHere()) continue; // collected before we could lease it
      using _lock = await locks.acquire(chainId, signal);
      if (!hasLayer(store, chainId)) keepLayer(store, chainId, draft, file);
      return { diffId: draft.diffId, lease };
    }
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
}
