/** What a search can know of a manifest: platforms, labels, layers. Read from stored bytes that anybody may have pushed. */
import type { Digest } from "../../base/digest.ts";
import type { Contents } from "../content/contents.ts";
import { isContentDigest, type Repository } from "../content/names.ts";

export type ImageDescription = {
  platforms: string[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Of each image in it, bottom first. */
  layers: Digest[][];
};

type ObjectValue = Record<string, unknown>;

const maxChildren = 50;
const maxConfigBytes = 8 * 1024 * 1024;

/** What cannot be read is left out: a search shows what there is. */
export function describeImage(
  contents: Contents,
  repository: Repository,
  manifest: unknown,
  depth = 0,
): ImageDescription {
  const value = object(manifest);
  const children = list(value.manifests).slice(0, maxChildren).map(object);
  if (children.length > 0) return describeIndex(contents, repository, value, children, depth);
  const config = object(read(contents, repository, object(value.config).digest));
  const { os, architecture, variant } = config;
  const platform = [os, architecture, variant].filter((part) => typeof part === "string" && part !== "").join("/");
  const layers = list(value.layers).flatMap((layer) => {
    const { digest } = object(layer);
    const blob = typeof digest === "string" && isContentDigest(digest) ? contents.findBlob(repository, digest) : null;
    return blob ? [blob.content] : [];
  });
  return {
    platforms: platform === "" ? [] : [platform],
    labels: texts(object(config.config).Labels),
    annotations: texts(value.annotations),
    layers: typeof os === "string" ? [layers] : [],
  };
}

function describeIndex(
  contents: Contents,
  repository: Repository,
  value: ObjectValue,
  children: readonly ObjectValue[],
  depth: number,
): ImageDescription {
  const described =
    depth > 2
      ? []
      : children.map((child) =>
          describeImage(contents, repository, read(contents, repository, child.digest), depth + 1),
        );
  return {
    platforms: [...new Set(described.flatMap(({ platforms }) => platforms))].filter(
      (name) => !name.startsWith("unknown"),
    ),
    labels: Object.assign({}, ...described.map(({ labels }) => labels).reverse()) as Record<string, string>,
    annotations: texts(value.annotations),
    layers: described.flatMap(({ layers }) => layers).slice(0, maxChildren),
  };
}

function read(contents: Contents, repository: Repository, digest: unknown): unknown {
  if (typeof digest !== "string" || !isContentDigest(digest)) return null;
  const blob = contents.findBlob(repository, digest);
  try {
    if (blob && blob.sizeBytes <= maxConfigBytes)
      return JSON.parse(Buffer.from(contents.blobs.read(blob.content)).toString());
  } catch {
    return null;
  }
  return null;
}

const object = (value: unknown): ObjectValue =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as ObjectValue) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(object(value)).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
