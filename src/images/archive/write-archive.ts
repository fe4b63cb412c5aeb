/**
 * The archive that `docker save` has written since 25: an OCI layout whose blobs `manifest.json` and `repositories`
 * name too, so that old and new readers both find what they know.
 */
import { type Digest, digestHex } from "../../base/digest.ts";
import { familiarName, familiarRepository, type Reference } from "../reference/reference.ts";
import type { Image, ImageStore } from "../store/image-store.ts";
import { type BlobDescriptor, imageManifest, json, ociTypes } from "./image-manifest.ts";
import type { TarEntry } from "./tar-writer.ts";

export type SavedImage = { image: Image; names: readonly Reference[] };

type Descriptor = BlobDescriptor & { annotations?: Record<string, string> };

/** Entries in their order in the tar. Deterministic: it depends on the images and their names only. */
export function archiveEntries(store: ImageStore, saved: readonly SavedImage[]): TarEntry[] {
  const blobs = new Map<Digest, TarEntry>();
  const blobName = (digest: Digest) => `blobs/sha256/${digestHex(digest)}`;
  const addBytes = (bytes: Uint8Array, digest: Digest) => blobs.set(digest, { name: blobName(digest), bytes });
  const addFile = ({ digest, size }: BlobDescriptor) =>
    blobs.set(digest, { name: blobName(digest), open: () => store.blobs.open(digest), sizeBytes: size });
  const index: Descriptor[] = [];
  const manifests: { Config: string; RepoTags: string[] | null; Layers: string[] }[] = [];
  const repositories: Record<string, Record<string, string>> = {};

  for (const { image, names } of saved) {
    const { bytes, descriptor: manifest, layers } = imageManifest(store, image);
    addBytes(store.blobs.read(image.id), image.id);
    addBytes(bytes, manifest.digest);
    for (const layer of layers) addFile(layer);
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
    { name: "index.json", bytes: json({ schemaVersion: 2, mediaType: ociTypes.index, manifests: index }) },
    { name: "manifest.json", bytes: json(manifests) },
    { name: "oci-layout", bytes: json({ imageLayoutVersion: "1.0.0" }) },
  ];
  if (Object.keys(repositories).length > 0) entries.push({ name: "repositories", bytes: json(repositories) });
  return entries;
}

function annotationsOf(name: Reference): Record<string, string> {
  return {
    "io.containerd.image.name": `${name.domain}/${name.path}:${name.tag}`,
    "org.opencontainers.image.ref.name": name.tag ?? "",
  };
}
