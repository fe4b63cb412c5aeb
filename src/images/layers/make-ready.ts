/** An image's layers as a container can mount them, in today's form whatever the form in which they came. */
import type { LayerStack } from "../../engines/index.ts";
import { digestMismatch, layerLost } from "../errors.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { LayerRow } from "../store/image-table.ts";
import type { KeyedLock } from "../store/keyed-lock.ts";

type Deps = { store: ImageStore; locks: KeyedLock };

const never = new AbortController().signal;

/** At once where it was asked for before. Layers that another form has are made anew from their blobs. */
export function makeReady(deps: Deps, layers: readonly LayerRow[]): LayerStack | Promise<LayerStack> {
  const { snapshotter } = deps.store;
  const made = bringIntoForm(deps, layers);
  return made ? made.then(() => snapshotter.open(layers)) : snapshotter.open(layers);
}

/** Undefined where all of them are in today's form. */
export function bringIntoForm(deps: Deps, layers: readonly LayerRow[]): Promise<void> | undefined {
  const missing = layers.filter((layer) => !deps.store.snapshotter.has(layer));
  return missing.length === 0 ? undefined : convert(deps, missing);
}

async function convert({ store, locks }: Deps, layers: readonly LayerRow[]): Promise<void> {
  const { snapshotter, blobs } = store;
  for (const layer of layers) {
    using _lock = await locks.acquire(layer.chainId, never);
    if (snapshotter.has(layer)) continue;
    if (!blobs.has(layer.blob)) throw layerLost(layer.chainId);
    const bytes = { chunks: blobs.open(layer.blob) };
    await using draft = await snapshotter.unpack(bytes, { expectedDigest: layer.blob, signal: never });
    if (draft.diffId !== layer.diffId) throw digestMismatch("a layer's content", layer.diffId, draft.diffId);
    draft.commit(layer.chainId);
  }
}
