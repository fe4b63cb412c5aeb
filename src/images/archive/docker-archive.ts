/** `manifest.json` as `docker save` has written it since 1.10: a list of { Config, RepoTags, Layers }. */
import { digestOf, isDigest } from "../../base/digest.ts";
import { maxConfigBytes, maxLayers, parseImageFile } from "../config/image-config.ts";
import { isObject, type ObjectValue } from "../config/json-fields.ts";
import { formatPlatform, type Platform, platformMatches } from "../config/platform.ts";
import { badArchive, digestMismatch } from "../errors.ts";
import { parseReference, type Reference, withDefaultTag } from "../reference/reference.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import type { ArchiveImage } from "./read-archive.ts";

const maxManifestBytes = 4 * 1024 * 1024;
const maxImages = 1000;

export function readDockerArchive(files: ArchiveFiles, platform: Platform | null): ArchiveImage[] {
  const manifest = files.readJson("manifest.json", maxManifestBytes);
  if (!Array.isArray(manifest)) throw badArchive("manifest.json is not a list");
  if (manifest.length > maxImages) throw badArchive(`manifest.json names more than ${maxImages} images`);
  const images = manifest.map((entry) => readEntry(files, entry));
  if (platform === null) return images;
  const chosen = images.filter((image) => platformMatches(platform, parseImageFile(image.config)));
  if (chosen.length === 0) throw badArchive(`it holds no image for ${formatPlatform(platform)}`);
  return chosen;
}

function readEntry(files: ArchiveFiles, entry: unknown): ArchiveImage {
  if (!isObject(entry) || typeof entry.Config !== "string")
    throw badArchive("manifest.json has an entry without Config");
  const config = files.read(entry.Config, maxConfigBytes);
  checkName(entry.Config, config);
  const layers = texts(entry, "Layers");
  if (layers.length > maxLayers) {
    throw badArchive(`it has an image of ${layers.length} layers, more than the ${maxLayers} that are allowed`);
  }
  return {
    config,
    layers: layers.map((name) => ({ file: files.path(name), expectedDigest: announcedDigest(name) })),
    names: texts(entry, "RepoTags").map(parseName),
  };
}

function parseName(text: string): Reference {
  const reference = withDefaultTag(parseReference(text));
  if (reference.tag === null) throw badArchive(`RepoTags has ${JSON.stringify(text)}, which has no tag`);
  return { ...reference, digest: null };
}

/** Where a file is named after its digest, the digest is verified: `blobs/sha256/<hex>`, and `<hex>.json` for configs. */
function announcedDigest(name: string) {
  const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
  const digest = `sha256:${hex}`;
  return isDigest(digest) ? digest : null;
}

function checkName(name: string, config: Uint8Array): void {
  const hex = /^(?:blobs\/sha256\/([0-9a-f]{64})|([0-9a-f]{64})\.json)$/.exec(name);
  if (!hex) return;
  const expected = `sha256:${hex[1] ?? hex[2]}`;
  const actual = digestOf(config);
  if (actual !== expected) throw digestMismatch(`the configuration ${name}`, expected, actual);
}

function texts(entry: ObjectValue, key: string): string[] {
  const list = entry[key] ?? [];
  if (!Array.isArray(list) || list.some((item) => typeof item !== "string")) {
    throw badArchive(`manifest.json has an entry whose ${key} is not a list of strings`);
  }
  return list as string[];
}
