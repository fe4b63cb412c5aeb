/** What images take on disk, each part counted once: files as objects or directories, blobs, and what describes them. */
import type { Digest } from "../../base/digest.ts";
import type { Images } from "../images.ts";
import type { Image } from "./image-store.ts";
import type { LayerRow } from "./image-table.ts";

export type ImageUsage = { sizeBytes: number; sharedBytes: number };

export type StoreUsage = {
  /** All that the store of images takes. */
  sizeBytes: number;
  /** What removing every image that no container has would give back. */
  reclaimableBytes: number;
  images: ReadonlyMap<Digest, ImageUsage>;
};

/** Bytes of the parts that are counted one by one: blobs and plain directories. */
type Part = { id: string; sizeBytes: number };

export async function storeUsage(images: Images): Promise<StoreUsage> {
  const { store, files, uses, holds, leases } = images;
  const all = store.table.images().flatMap(({ id }) => store.byId(id) ?? []);
  using _lease = leases.take(
    all.flatMap((image) => store.layersOf(image).flatMap(({ chainId, diffId }) => [chainId, diffId])),
  );
  const inUse = all.filter(({ id }) => uses.of(id).length > 0 || holds.of(id).size > 0);
  const parts = new Map(all.map((image) => [image.id, partsOf(images, image)]));
  const users = new Map<string, number>();
  for (const list of parts.values()) for (const { id } of list) users.set(id, (users.get(id) ?? 0) + 1);

  const diffIds = (image: Image) => store.layersOf(image).flatMap(({ diffId }) => (files.has(diffId) ? [diffId] : []));
  const kept = [...new Set([...inUse.flatMap(diffIds), ...store.keptBlobs().filter(files.has)])];
  const inFiles = await files.usage(all.map(diffIds));
  const [stays] = (await files.usage([kept])).images;
  const staying = unique([...inUse.flatMap(({ id }) => parts.get(id) ?? [])]);
  const total = sum(unique([...parts.values()].flat())) + inFiles.sizeBytes + inFiles.metadataBytes;
  return {
    sizeBytes: total,
    reclaimableBytes: Math.max(0, total - sum(staying) - (stays?.sizeBytes ?? 0) - inFiles.metadataBytes),
    images: new Map(
      all.map((image, at) => {
        const own = parts.get(image.id) ?? [];
        const objects = inFiles.images[at] ?? { sizeBytes: 0, sharedBytes: 0 };
        const shared = sum(own.filter(({ id }) => (users.get(id) ?? 0) > 1));
        return [image.id, { sizeBytes: sum(own) + objects.sizeBytes, sharedBytes: shared + objects.sharedBytes }];
      }),
    ),
  };
}

function partsOf({ store, files }: Images, image: Image): Part[] {
  const blob = (digest: Digest): Part[] =>
    store.blobs.hasFile(digest) ? [{ id: digest, sizeBytes: store.blobs.size(digest) }] : [];
  const directory = (layer: LayerRow): Part[] =>
    files.has(layer.diffId) ? [] : [{ id: layer.chainId, sizeBytes: layer.sizeBytes }];
  return unique([...blob(image.id), ...store.layersOf(image).flatMap((row) => [...blob(row.blob), ...directory(row)])]);
}

function unique(parts: readonly Part[]): Part[] {
  return [...new Map(parts.map((part) => [part.id, part])).values()];
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}
