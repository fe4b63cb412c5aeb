/** An OCI image layout: `index.json`, nested indexes, manifests, blobs by digest. */
import { statSync } from "node:fs";
import { maxConfigBytes } from "../config/image-config.ts";
import { formatPlatform, hostPlatform, type Platform, platformMatches } from "../config/platform.ts";
import { badArchive } from "../errors.ts";
import { parseReference, type Reference, withDefaultTag } from "../reference/reference.ts";
import { type ArchiveFiles, parseJson } from "./archive-files.ts";
import { type Descriptor, descriptorKind, maxManifestBytes, parseIndex, parseManifest } from "./descriptor.ts";
import type { ArchiveImage } from "./read-archive.ts";

const maxDepth = 4;
const maxIndexReads = 1000;

export function readOciLayout(files: ArchiveFiles, platform: Platform | null): ArchiveImage[] {
  checkVersion(files);
  const budget = { reads: maxIndexReads };
  const roots = parseIndex(files.readJson("index.json", maxManifestBytes), "index.json").filter(isImage);
  const images: ArchiveImage[] = [];
  for (const group of groupByName(roots)) {
    const candidates = group.flatMap((root) => leaves(files, root, budget, []));
    for (const chosen of choose(candidates, group.length === roots.length && isNameless(group), platform)) {
      images.push({ ...readManifest(files, chosen), names: namesOf(group) });
    }
  }
  return images;
}

function checkVersion(files: ArchiveFiles): void {
  const layout = files.readJson("oci-layout", maxManifestBytes) as { imageLayoutVersion?: unknown } | null;
  const version = layout?.imageLayoutVersion;
  if (version !== "1.0.0") throw badArchive(`its oci-layout has version ${JSON.stringify(version)}, 1.0.0 is known`);
}

/** Attestations and the like travel in indexes too, but are no images. */
function isImage(descriptor: Descriptor): boolean {
  const attestation = descriptor.annotations["vnd.docker.reference.type"] === "attestation-manifest";
  return descriptorKind(descriptor) !== "other" && !attestation && descriptor.platform?.architecture !== "unknown";
}

function nameOf({ annotations }: Descriptor): string {
  return annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"] ?? "";
}

function groupByName(roots: readonly Descriptor[]): Descriptor[][] {
  const groups = new Map<string, Descriptor[]>();
  for (const root of roots) groups.set(nameOf(root), [...(groups.get(nameOf(root)) ?? []), root]);
  return [...groups.values()];
}

function isNameless(group: readonly Descriptor[]): boolean {
  return group.every((root) => nameOf(root) === "");
}

/** Every manifest below a descriptor. An index inside itself cannot be made with true digests, but may be claimed. */
function leaves(files: ArchiveFiles, root: Descriptor, budget: { reads: number }, above: string[]): Descriptor[] {
  if (descriptorKind(root) === "manifest") return [root];
  if (above.includes(root.digest)) throw badArchive(`the index ${root.digest} contains itself`);
  if (above.length >= maxDepth) throw badArchive(`its indexes are nested more than ${maxDepth} deep`);
  if (budget.reads-- <= 0) throw badArchive(`it holds more than ${maxIndexReads} indexes`);
  const value = parseJson(files.readBlob(root, maxManifestBytes), `the index ${root.digest}`);
  return parseIndex(value, `the index ${root.digest}`)
    .filter(isImage)
    .flatMap((child) => leaves(files, child, budget, [...above, root.digest]));
}

/** One image per name: that of the platform asked for, else the host's, else the only one. */
function choose(candidates: readonly Descriptor[], all: boolean, platform: Platform | null): Descriptor[] {
  const unique = [...new Map(candidates.map((candidate) => [candidate.digest, candidate])).values()];
  if (platform === null && (unique.length <= 1 || (all && unique.every((item) => item.platform === null))))
    return unique;
  const wanted = platform ?? hostPlatform();
  const match = unique.find((item) => item.platform !== null && platformMatches(wanted, item.platform));
  const unlabelled = unique.length === 1 && unique[0]?.platform === null ? unique[0] : undefined;
  const chosen = match ?? unlabelled;
  if (chosen) return [chosen];
  const have = unique.map((item) => (item.platform ? formatPlatform(item.platform) : "unknown")).join(", ");
  throw badArchive(`it holds no image for ${formatPlatform(wanted)}, but for: ${have || "nothing"}`);
}

function readManifest(files: ArchiveFiles, descriptor: Descriptor): Omit<ArchiveImage, "names"> {
  const where = `the manifest ${descriptor.digest}`;
  const manifest = parseManifest(parseJson(files.readBlob(descriptor, maxManifestBytes), where), where);
  return {
    config: files.readBlob(manifest.config, maxConfigBytes),
    layers: manifest.layers.map((layer) => {
      const file = files.path(files.blobName(layer.digest));
      const { size } = statSync(file);
      if (size !== layer.size) {
        throw badArchive(`the blob ${layer.digest} has ${size} bytes, but ${layer.size} were announced`);
      }
      return { file, expectedDigest: layer.digest };
    }),
  };
}

/** A bare tag (`latest`), which OCI allows as a name, says no repository: such an image is known by its id. */
function namesOf(group: readonly Descriptor[]): Reference[] {
  const name = group[0] ? nameOf(group[0]) : "";
  const isFull = group[0]?.annotations["io.containerd.image.name"] !== undefined || /[/:@]/.test(name);
  if (name === "" || !isFull) return [];
  const reference = withDefaultTag(parseReference(name));
  return reference.tag === null ? [] : [{ ...reference, digest: null }];
}
