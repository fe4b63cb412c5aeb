/** What a pushed manifest names, read from bytes that anybody may have written. It is stored as it came. */
import { manifestInvalid } from "../errors.ts";
import { type ContentDigest, isContentDigest } from "./names.ts";

export type NamedContent = { digest: ContentDigest; kind: "blob" | "manifest"; required: boolean };
export type ParsedManifest = {
  names: NamedContent[];
  subject: ContentDigest | null;
  /** For referrers: the manifest's own, else the type of its configuration. */
  artifactType: string;
  annotations: Record<string, string>;
};

export const maxManifestBytes = 4 * 1024 * 1024;
const maxDescriptors = 10_000;

const kinds: Record<string, "image" | "index" | "artifact"> = {
  "application/vnd.oci.image.manifest.v1+json": "image",
  "application/vnd.docker.distribution.manifest.v2+json": "image",
  "application/vnd.oci.image.index.v1+json": "index",
  "application/vnd.docker.distribution.manifest.list.v2+json": "index",
  "application/vnd.oci.artifact.manifest.v1+json": "artifact",
};

/** Layers that stay where their makers put them. */
const foreignLayer = /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.|docker\.image\.rootfs\.foreign\.)/;

type ObjectValue = Record<string, unknown>;

export function parseManifest(bytes: Uint8Array, mediaType: string): ParsedManifest {
  const kind = kinds[mediaType];
  if (kind === undefined) {
    throw manifestInvalid(
      `the media type ${JSON.stringify(mediaType.slice(0, 200))} is not one of ${Object.keys(kinds).join(", ")}`,
    );
  }
  const value = parseJson(bytes);
  if (kind !== "artifact" && value.schemaVersion !== 2) throw manifestInvalid("its schemaVersion is not 2");
  if (value.mediaType !== undefined && value.mediaType !== mediaType) {
    throw manifestInvalid(`it says that it is ${JSON.stringify(value.mediaType)}, but was sent as ${mediaType}`);
  }
  const given = kind === "image" ? [descriptor(value.config, "config")] : [];
  const lists = { image: "layers", index: "manifests", artifact: "blobs" } as const;
  for (const [at, item] of listOf(value, lists[kind]).entries()) given.push(descriptor(item, `${lists[kind]}[${at}]`));
  const names = given.map(({ digest, mediaType: type, urls }) => ({
    digest,
    kind: kind === "index" ? ("manifest" as const) : ("blob" as const),
    required: !(foreignLayer.test(type) || urls),
  }));
  const own = typeof value.artifactType === "string" ? value.artifactType : "";
  return {
    names: [...new Map(names.map((name) => [name.digest, name])).values()],
    subject: value.subject === undefined || value.subject === null ? null : descriptor(value.subject, "subject").digest,
    artifactType: own === "" && kind === "image" ? (given[0]?.mediaType ?? "") : own,
    annotations: annotationsOf(value.annotations),
  };
}

function parseJson(bytes: Uint8Array): ObjectValue {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw manifestInvalid("it is not JSON");
  }
  if (isObject(value)) return value;
  throw manifestInvalid("it is not a JSON object");
}

function listOf(value: ObjectValue, key: string): readonly unknown[] {
  const list = value[key];
  if (list === undefined && key === "blobs") return [];
  if (!Array.isArray(list)) throw manifestInvalid(`its ${key} are not a list`);
  if (list.length > maxDescriptors) throw manifestInvalid(`it names more than ${maxDescriptors} ${key}`);
  return list;
}

function descriptor(value: unknown, where: string): { digest: ContentDigest; mediaType: string; urls: boolean } {
  if (!isObject(value)) throw manifestInvalid(`its ${where} is not an object`);
  const { digest, size, mediaType, urls } = value;
  if (typeof digest !== "string" || !isContentDigest(digest))
    throw manifestInvalid(`its ${where} has no digest of a known form`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw manifestInvalid(`its ${where} has no size`);
  if (typeof mediaType !== "string" || mediaType === "") throw manifestInvalid(`its ${where} has no mediaType`);
  return { digest, mediaType, urls: Array.isArray(urls) && urls.length > 0 };
}

function annotationsOf(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw manifestInvalid("its annotations are not an object");
  for (const item of Object.values(value))
    if (typeof item !== "string") throw manifestInvalid("an annotation is not a string");
  return value as Record<string, string>;
}

function isObject(value: unknown): value is ObjectValue {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
