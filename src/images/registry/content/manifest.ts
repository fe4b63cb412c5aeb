/** Manifests and indexes, from bytes that anybody may have written, kept as they came: their digest is their name. */
import { type Digest, digestOf, isDigest } from "../../../base/digest.ts";
import { maxLayers } from "../../config/image-config.ts";
import { isObject, type ObjectValue } from "../../config/json-fields.ts";
import type { Platform } from "../../config/platform.ts";
import { badContent, schemaOne } from "../errors.ts";
import { isIndexType, isManifestType, isSchemaOneType, manifestTypes } from "./media-types.ts";

export type Descriptor = {
  mediaType: string;
  digest: Digest;
  size: number;
  platform: Platform | null;
  /** Where a layer that registries may not hand on is found. */
  urls: readonly string[];
  annotations: Readonly<Record<string, string>>;
  artifactType: string;
};

type Base = { bytes: Uint8Array; digest: Digest; mediaType: string; subject: Descriptor | null; artifactType: string };
export type Index = Base & { kind: "index"; manifests: readonly Descriptor[] };
export type Manifest = Base & { kind: "manifest"; config: Descriptor; layers: readonly Descriptor[] };
export type Content = Index | Manifest;

export const maxManifestBytes = 4 * 1024 * 1024;
const maxEntries = 1000;
/** Artifacts may have more parts than images have layers. */
const maxBlobs = 4096;

/** `mediaType`: as it was announced; empty where nothing was. `what` names it in errors. */
export function parseContent(bytes: Uint8Array, mediaType: string, what: string): Content {
  if (isSchemaOneType(mediaType)) throw schemaOne(what);
  if (bytes.byteLength > maxManifestBytes) throw badContent(what, `it is larger than ${maxManifestBytes} bytes`);
  const value = parseObject(bytes, what);
  if (value.schemaVersion === 1) throw schemaOne(what);
  if (value.schemaVersion !== 2) throw badContent(what, "its schemaVersion is not 2");
  const own = typeof value.mediaType === "string" ? value.mediaType : "";
  const known = isIndexType(mediaType) || isManifestType(mediaType);
  if (known && own !== "" && own !== mediaType) {
    throw badContent(what, `it is announced as ${mediaType}, but calls itself ${JSON.stringify(own.slice(0, 100))}`);
  }
  const hasManifests = value.manifests !== undefined;
  if (hasManifests && (value.layers !== undefined || value.config !== undefined)) {
    throw badContent(what, "it is an index and a manifest at once");
  }
  const type = known ? mediaType : own || (hasManifests ? manifestTypes.ociIndex : manifestTypes.ociManifest);
  const subject =
    value.subject === undefined || value.subject === null ? null : descriptor(value.subject, what, "subject");
  const artifactType = typeof value.artifactType === "string" ? value.artifactType : "";
  const base = { bytes, digest: digestOf(bytes), mediaType: type, subject, artifactType };
  if (isIndexType(type)) {
    return { ...base, kind: "index", manifests: descriptors(value, "manifests", what, maxEntries) };
  }
  if (!isManifestType(type)) throw badContent(what, `${JSON.stringify(type.slice(0, 100))} is no manifest type`);
  const config = descriptor(value.config, what, "config");
  return { ...base, kind: "manifest", config, layers: descriptors(value, "layers", what, maxBlobs) };
}

export function checkLayerCount(manifest: Manifest, what: string): void {
  if (manifest.layers.length > maxLayers)
    throw badContent(what, `it has ${manifest.layers.length} layers, more than the ${maxLayers} that are allowed`);
}

function parseObject(bytes: Uint8Array, what: string): ObjectValue {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw badContent(what, "it is not JSON");
  }
  if (!isObject(value)) throw badContent(what, "it is not a JSON object");
  return value;
}

function descriptors(value: ObjectValue, key: string, what: string, limit: number): Descriptor[] {
  const list = value[key];
  if (!Array.isArray(list)) throw badContent(what, `it has no ${key}`);
  if (list.length > limit) throw badContent(what, `it names more than ${limit} ${key}`);
  return list.map((item, at) => descriptor(item, what, `${key}[${at}]`));
}

function descriptor(value: unknown, what: string, where: string): Descriptor {
  if (!isObject(value)) throw badContent(what, `${where} is not an object`);
  const { digest, size, mediaType, artifactType } = value;
  if (typeof digest !== "string" || !isDigest(digest))
    throw badContent(what, `${where} has no digest of the form sha256:<64 hex digits>`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw badContent(what, `${where} has no size`);
  if (typeof mediaType !== "string") throw badContent(what, `${where} has no mediaType`);
  return {
    ...{ mediaType, digest, size },
    platform: platformOf(value.platform),
    urls: Array.isArray(value.urls) ? value.urls.filter((url): url is string => typeof url === "string") : [],
    annotations: textsOf(value.annotations),
    artifactType: typeof artifactType === "string" ? artifactType : "",
  };
}

function textsOf(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

function platformOf(value: unknown): Platform | null {
  if (!isObject(value) || typeof value.os !== "string" || typeof value.architecture !== "string") return null;
  return {
    os: value.os,
    architecture: value.architecture,
    variant: typeof value.variant === "string" ? value.variant : "",
  };
}
