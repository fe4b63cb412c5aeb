/** OCI descriptors, indexes and manifests, parsed from bytes that anybody may have written. */
import { type Digest, isDigest } from "../../base/digest.ts";
import { maxLayers } from "../config/image-config.ts";
import { isObject, type ObjectValue } from "../config/json-fields.ts";
import type { Platform } from "../config/platform.ts";
import { badArchive } from "../errors.ts";

export type Descriptor = {
  mediaType: string;
  digest: Digest;
  size: number;
  annotations: Record<string, string>;
  platform: Platform | null;
};

export type Manifest = { config: Descriptor; layers: Descriptor[] };

export const maxManifestBytes = 4 * 1024 * 1024;
const maxDescriptors = 1000;

const indexTypes = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);
const manifestTypes = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
]);
const configTypes = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);

export function descriptorKind({ mediaType }: Descriptor): "index" | "manifest" | "other" {
  if (indexTypes.has(mediaType)) return "index";
  return manifestTypes.has(mediaType) ? "manifest" : "other";
}

export function parseIndex(value: unknown, where: string): Descriptor[] {
  if (!isObject(value) || !Array.isArray(value.manifests))
    throw badArchive(`${where} is not an index: it has no manifests`);
  if (value.manifests.length > maxDescriptors) throw badArchive(`${where} names more than ${maxDescriptors} manifests`);
  return value.manifests.map((item, at) => parseDescriptor(item, `${where}, manifests[${at}]`));
}

export function parseManifest(value: unknown, where: string): Manifest {
  if (!isObject(value) || !Array.isArray(value.layers))
    throw badArchive(`${where} is not a manifest: it has no layers`);
  if (value.layers.length > maxLayers) {
    throw badArchive(`${where} has ${value.layers.length} layers, more than the ${maxLayers} that are allowed`);
  }
  const config = parseDescriptor(value.config, `${where}, config`);
  if (!configTypes.has(config.mediaType)) {
    throw badArchive(
      `${where} is no container image: its configuration is ${JSON.stringify(config.mediaType.slice(0, 100))}`,
    );
  }
  return { config, layers: value.layers.map((item, at) => parseDescriptor(item, `${where}, layers[${at}]`)) };
}

function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw badArchive(`${where} is not an object`);
  const { digest, size, mediaType } = value;
  if (typeof digest !== "string" || !isDigest(digest))
    throw badArchive(`${where} has no digest of the form sha256:<64 hex digits>`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw badArchive(`${where} has no size`);
  if (typeof mediaType !== "string") throw badArchive(`${where} has no mediaType`);
  return { mediaType, digest, size, annotations: annotations(value), platform: parsePlatformOf(value.platform) };
}

function annotations(value: ObjectValue): Record<string, string> {
  if (!isObject(value.annotations)) return {};
  return Object.fromEntries(
    Object.entries(value.annotations).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

function parsePlatformOf(value: unknown): Platform | null {
  if (!isObject(value) || typeof value.os !== "string" || typeof value.architecture !== "string") return null;
  const variant = typeof value.variant === "string" ? value.variant : "";
  return { os: value.os, architecture: value.architecture, variant };
}
