/**
 * The archive that `docker save` has written since 25: an OCI layout whose blobs `manifest.json` and `repositories`
 * name too, so that old and new readers both find what they know.
 */
import { type Digest, digestHex, digestOf } from "../../base/digest.ts";
import { familiarName, familiarRepository, type Reference } from "../reference/reference.ts";
import type { Image, ImageStore } from "../store/image-store.ts";
import type { LayerRow } from "../store/image-table.ts";
import type { TarEntry } from "./tar-writer.ts";

export type SavedImage = { image: Image; names: readonly Reference[] };

const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};

type Descriptor = { mediaType: string; digest: Digest; size: number; annotations?: Record<string, string> };

/** Entries in their order in the tar. Deterministic: it depends on the images and their names only. */
export function archiveEntries(store: ImageStore, saved: readonly SavedImage[]): TarEntry[] {
  const blobs = new Map<Digest, TarEntry>();
  const blobName = (digest: Digest) => `blobs/sha256/${digestHex(digest)}`;
  const addBytes = (bytes: Uint8Array, mediaType: string): Descriptor => {
    const digest = digestOf(bytes);
    blobs.set(digest, { name: blobName(digest), bytes });
    return { mediaType, digest, size: bytes.byteLength };
  };
  const addLayer = (layer: LayerRow): Descriptor => {
    blobs.set(layer.blob, {
      name: blobName(layer.blob),
      file: store.blobs.path(layer.blob),
      sizeBytes: layer.blobBytes,
    });
    return { mediaType: layerType(layer, store), digest: layer.blob, size: layer.blobBytes };
  };
  const index: Descriptor[] = [];
  const manifests: { Config: string; RepoTags: string[] | null; Layers: string[] }[] = [];
  const repositories: Record<string, Record<string, string>> = {};

  for (const { image, names } of saved) {
    const config = addBytes(store.blobs.read(image.id), types.config);
    const layers = image.chainIds.map((chainId) => addLayer(layerOf(store, chainId)));
    const manifest = addBytes(json({ schemaVersion: 2, mediaType: types.manifest, config, layers }), types.manifest);
    if (names.length === 0) index.push(manifest);
    for (const name of names) index.push({ ...manifest, annotations: annotationsOf(name) });
    manifests.push({
      Config: blobName(image.id),
      RepoTags: names.length === 0 ? null : names.map(familiarName),
      Layers: layers.map((layer) => blobName(layer.digest)),
    });
    for (const name of names) {
      const top = layers.at(-1)?.digest ?? image.id;
      repositories[familiarRepository(name)] = {
        ...repositories[familiarRepository(name)],
        [name.tag ?? ""]: digestHex(top),
      };
    }
  }
  const sorted = [...blobs.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  const entries: TarEntry[] = [
    { name: "blobs/", directory: true },
    { name: "blobs/sha256/", directory: true },
    ...sorted,
    { name: "index.json", bytes: json({ schemaVersion: 2, mediaType: types.index, manifests: index }) },
    { name: "manifest.json", bytes: json(manifests) },
    { name: "oci-layout", bytes: json({ imageLayoutVersion: "1.0.0" }) },
  ];
  if (Object.keys(repositories).length > 0) entries.push({ name: "repositories", bytes: json(repositories) });
  return entries;
}

function layerOf(store: ImageStore, chainId: Digest): LayerRow {
  const layer = store.table.layer(chainId);
  if (!layer) throw new Error(`the layer ${chainId} has no row`);
  return layer;
}

/** Blobs are kept as they came; which compression that was, their first bytes say. */
function layerType(layer: LayerRow, store: ImageStore): string {
  if ((layer.blob as string) === layer.diffId) return types.layer;
  return `${types.layer}${store.blobs.isZstd(layer.blob) ? "+zstd" : "+gzip"}`;
}

function annotationsOf(name: Reference): Record<string, string> {
  return {
    "io.containerd.image.name": `${name.domain}/${name.path}:${name.tag}`,
    "org.opencontainers.image.ref.name": name.tag ?? "",
  };
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
