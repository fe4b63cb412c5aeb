/** The OCI manifest of an image in the store. Deterministic: the same image has the same manifest, always. */
import { type Digest, digestOf } from "../../base/digest.ts";
import type { Image, ImageStore } from "../store/image-store.ts";
import type { LayerRow } from "../store/image-table.ts";

export const ociTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};

export type BlobDescriptor = { mediaType: string; digest: Digest; size: number };
export type ImageManifest = {
  bytes: Uint8Array;
  descriptor: BlobDescriptor;
  config: BlobDescriptor;
  /** Bottom first. */
  layers: BlobDescriptor[];
};

export function imageManifest(store: ImageStore, image: Pick<Image, "id" | "chainIds">): ImageManifest {
  const config = { mediaType: ociTypes.config, digest: image.id, size: store.blobs.size(image.id) };
  const layers = image.chainIds.map((chainId) => layerDescriptor(store, layerOf(store, chainId)));
  const bytes = json({ schemaVersion: 2, mediaType: ociTypes.manifest, config, layers });
  const descriptor = { mediaType: ociTypes.manifest, digest: digestOf(bytes), size: bytes.byteLength };
  return { bytes, descriptor, config, layers };
}

function layerOf(store: ImageStore, chainId: Digest): LayerRow {
  const layer = store.table.layer(chainId);
  if (!layer) throw new Error(`the layer ${chainId} has no row`);
  return layer;
}

function layerDescriptor(store: ImageStore, layer: LayerRow): BlobDescriptor {
  return { mediaType: layerType(layer, store), digest: layer.blob, size: layer.blobBytes };
}

/** Blobs are kept as they came; which compression that was, their first bytes say. */
function layerType(layer: LayerRow, store: ImageStore): string {
  if ((layer.blob as string) === layer.diffId) return ociTypes.layer;
  return `${ociTypes.layer}${store.blobs.isZstd(layer.blob) ? "+zstd" : "+gzip"}`;
}

export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
