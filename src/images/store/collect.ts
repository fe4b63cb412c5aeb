/** Removes layers and blobs that no image names any more. */
import type { Digest } from "../../base/digest.ts";
import type { ImageStore } from "./image-store.ts";
import type { Leases } from "./leases.ts";

export type Collected = {
  /** Topmost first. */
  chainIds: Digest[];
  freedBytes: number;
  /** Resolves when the files are gone. Never rejects: what could not be removed is swept at the next start. */
  finished: Promise<void>;
};

/** Rows and names go at once, files in the background. */
export function collectLayers(store: ImageStore, leases: Leases): Collected {
  const used = new Set(store.table.images().flatMap((image) => image.chainIds));
  const layers = store.table.layers().filter((layer) => !used.has(layer.chainId) && !leases.has(layer.chainId));
  if (layers.length === 0) return { chainIds: [], freedBytes: 0, finished: Promise.resolve() };
  store.table.transaction(() => {
    for (const layer of layers) store.table.removeLayer(layer.chainId);
  });
  const blobs = new Set(store.table.layers().map((layer) => layer.blob));
  for (const layer of layers) if (!blobs.has(layer.blob)) store.blobs.remove(layer.blob);
  const removals = layers.map((layer) => store.snapshotter.discard(layer.chainId));
  return {
    chainIds: layers.map((layer) => layer.chainId).reverse(),
    freedBytes: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
    finished: Promise.allSettled(removals).then(() => undefined),
  };
}

/** At start: everything that a crash left. Nothing may be loading yet. */
export async function sweepStore(store: ImageStore): Promise<number> {
  const layers = store.table.layers();
  const blobs = new Set<string>([
    ...layers.map((layer) => layer.blob),
    ...store.table.images().map((image) => image.id),
  ]);
  const swept = store.blobs.sweep(blobs);
  return swept + (await store.snapshotter.sweep(new Set(layers.map((layer) => layer.chainId))));
}
