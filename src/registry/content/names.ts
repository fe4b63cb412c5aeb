/** Names on the wire: repositories, tags and digests, by the grammar of the OCI distribution specification. */
import { createHash } from "node:crypto";
import type { Digest } from "../../base/digest.ts";
import { digestInvalid, manifestUnknown, nameInvalid, tagInvalid } from "../errors.ts";

declare const repositoryBrand: unique symbol;
export type Repository = string & { readonly [repositoryBrand]: "Repository" };
declare const digestBrand: unique symbol;
/** As clients name content. The store knows everything by its sha256. */
export type ContentDigest = string & { readonly [digestBrand]: "ContentDigest" };

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const maxNameLength = 255;

export function isRepository(text: string): text is Repository {
  return text.length <= maxNameLength && repositoryPattern.test(text);
}

export function parseRepository(text: string): Repository {
  if (isRepository(text)) return text;
  throw nameInvalid(text);
}

export function isContentDigest(text: string): text is ContentDigest {
  return digestPattern.test(text);
}

export function parseContentDigest(text: string): ContentDigest {
  if (isContentDigest(text)) return text;
  throw digestInvalid(
    `Cannot use the digest ${JSON.stringify(text.slice(0, 200))}: it is malformed or of an unknown kind`,
  );
}

export function parseTag(text: string): string {
  if (tagPattern.test(text)) return text;
  throw tagInvalid(text);
}

/** A tag that nobody could have pushed is one that is not there. */
export function parseReadReference(text: string): ManifestReference {
  if (!text.includes(":") && !tagPattern.test(text)) throw manifestUnknown(text.slice(0, 200));
  return parseManifestReference(text);
}

export type ManifestReference = { digest: ContentDigest } | { tag: string };

export function parseManifestReference(text: string): ManifestReference {
  return text.includes(":") ? { digest: parseContentDigest(text) } : { tag: parseTag(text) };
}

export const isSha256 = (digest: string): digest is Digest & ContentDigest => digest.startsWith("sha256:");

/** The digest of `bytes` in the algorithm of `like`. */
export function digestLike(like: ContentDigest, bytes: Uint8Array): ContentDigest {
  const algorithm = isSha256(like) ? "sha256" : "sha512";
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as ContentDigest;
}
