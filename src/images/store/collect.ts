/** Mark and sweep: what no image names and no lease holds goes. */
import type { Digest } from "../../base/digest.ts";
import type { Freed, Keep, Snapshotter } from "../layers/snapshotter.ts";
import type { ImageStore } from "./image-store.ts";
import type { Leases } from "./leases.ts";

export type Collected = {
  /** Of the layers that went, topmost first. */
  chainIds: Digest[];
  /** Resolves when the files are gone. Never rejects: what could not be removed is swept at the next start. */
  finished: Promise<Freed>;
};

/** Rows and names go at once, files in the background. */
export function collectLayers(store: ImageStore, leases: Leases): Collected {
  const used = new Set(store.table.images().flatMap((image) => image.chainIds));
  const layers = store.table.layers().filter((layer) => !used.has(layer.chainId) && !leases.has(layer.chainId));
  store.table.transaction(() => {
    for (const layer of layers) store.table.removeLayer(layer.chainId);
  });
  const blobs = new Set(store.table.layers().map((layer) => layer.blob));
  const freed = { items: 0, sizeBytes: 0 };
  for (const { blob, blobBytes } of layers) {
    if (blobs.has(blob) || !store.blobs.remove(blob)) continue;
    freed.items++;
    freed.sizeBytes += blobBytes;
  }
  const mark = () => marked(store, leases);
  return {
    chainIds: layers.map((layer) => layer.chainId).reverse(),
    finished: Promise.all(store.forms.map((form) => form.collect(mark).catch(() => nothing))).then((parts) =>
      sum([freed, ...parts]),
    ),
  };
}

/** At start: everything that a crash left. Nothing may be loading yet. `unused`: layers that a form needs no more. */
export async function sweepStore(
  store: ImageStore,
  leases: Leases,
  unused: (form: Snapshotter) => ReadonlySet<Digest>,
): Promise<number> {
  const keep = { ...marked(store, leases), drafts: true };
  const blobs = new Set<string>([
    ...store.table.layers().map((layer) => layer.blob),
    ...store.table.images().map((image) => image.id),
  ]);
  const swept = store.blobs.sweep(blobs);
  const parts = await Promise.all(
    store.forms.map((form) => {
      const without = unused(form);
      const kept = (ids: ReadonlySet<Digest>) => new Set([...ids].filter((id) => !without.has(id)));
      return form.collect(() => ({
        ...keep,
        chains: kept(keep.chains),
        diffIds: kept(keep.diffIds),
        stacks: kept(keep.stacks),
      }));
    }),
  );
  return swept + sum(parts).items;
}

/** A collection that failed: what it left is swept at the next start. */
const nothing: Freed = { items: 0, sizeBytes: 0 };

/** What others hold as a blob may lie here as a layer's files only. */
function marked({ table, keptBlobs }: ImageStore, leases: Leases): Keep {
  const leased = leases.all();
  const layers = table.layers();
  return {
    chains: new Set([...layers.map((layer) => layer.chainId), ...leased]),
    diffIds: new Set([...layers.map((layer) => layer.diffId), ...keptBlobs(), ...leased]),
    stacks: new Set([...table.images().flatMap((image) => image.chainIds.slice(-1)), ...leased]),
    drafts: false,
  };
}

function sum(parts: readonly Freed[]): Freed {
  return {
    items: parts.reduce((total, { items }) => total + items, 0),
    sizeBytes: parts.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
  };
}
