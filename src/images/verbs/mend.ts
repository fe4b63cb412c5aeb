/** What damage leaves whole is used to make the rest again; what cannot be is taken away, so that a load or pull brings it back. */
import type { Digest } from "../../base/digest.ts";
import type { Images } from "../images.ts";
import type { BadFile } from "../store/file-store.ts";
import type { LayerRow } from "../store/image-table.ts";

export type Damage = {
  what: "blob" | "layer" | "image" | BadFile["what"];
  /** Digest of what is damaged. */
  id: string;
  /** `missing`, `size`, `content` or `damaged`. */
  reason: string;
  /** Names, or ids, of the images that need it. */
  images: string[];
  /** It is whole again. */
  mended: boolean;
};

/** Marks in `damaged` what could be mended. Damaged objects are gone already. */
export async function mendLayers(
  { store, files, locks }: Images,
  layers: readonly LayerRow[],
  bad: readonly BadFile[],
  damaged: Damage[],
  signal: AbortSignal,
): Promise<void> {
  for (const { what, id } of damaged) {
    if (what === "blob" && layers.some(({ blob }) => blob === id)) store.blobs.remove(id as Digest);
  }
  const torn = new Set<Digest>(bad.flatMap((item) => item.layers));
  for (const diffId of torn) files.forget(diffId);
  const whole = new Set<Digest>();
  for (const layer of layers) {
    if (!torn.has(layer.diffId) || whole.has(layer.diffId) || !store.blobs.hasFile(layer.blob)) continue;
    using _lock = await locks.acquire(layer.chainId, signal);
    const bytes = { chunks: store.blobs.open(layer.blob) };
    await using draft = await store.snapshotter.unpack(bytes, { expectedDigest: layer.blob, signal });
    draft.commit(layer.chainId);
    whole.add(layer.diffId);
  }
  for (const item of damaged) {
    const file = bad.find(({ what, id }) => what === item.what && id === item.id);
    if (file) item.mended = file.layers.every((diffId) => whole.has(diffId));
  }
}
