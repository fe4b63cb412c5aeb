/** Image references, normalised and shortened exactly as Docker does: `alpine` ⇄ `docker.io/library/alpine:latest`. */
import { type Digest, isDigest } from "../../base/digest.ts";
import { EngineError } from "../../base/errors.ts";
import { identifierPattern, maxPathLength, maxReferenceLength, referencePattern, tagPattern } from "./grammar.ts";

export type Reference = {
  /** `docker.io`, `localhost:5000`, `ghcr.io`. */
  domain: string;
  /** `library/alpine`. */
  path: string;
  tag: string | null;
  digest: Digest | null;
};

const defaultDomain = "docker.io";
const defaultTag = "latest";

function malformed(text: string, reason: string): EngineError {
  return new EngineError({
    code: "image.bad_reference",
    kind: "invalid_argument",
    message: reason,
    hint: "a reference looks like name, name:tag, registry.example.com:5000/path/name:tag or name@sha256:<64 hex digits>",
    details: { reference: text.slice(0, 300) },
  });
}

/** Parses what a user typed. Neither tag nor digest is added; see `withDefaultTag`. */
export function parseReference(text: string): Reference {
  if (text.length > maxReferenceLength) throw malformed(text, "invalid reference format");
  if (identifierPattern.test(text)) {
    throw malformed(text, `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const colon = remainder.indexOf(":");
  const remote = colon === -1 ? remainder : remainder.slice(0, colon);
  if (remote.toLowerCase() !== remote) {
    throw malformed(text, `invalid reference format: repository name (${remote}) must be lowercase`);
  }
  const match = referencePattern.exec(`${domain}/${remainder}`);
  if (!match?.[1]) throw malformed(text, "invalid reference format");
  const path = match[1].slice(domain.length + 1);
  if (path.length > maxPathLength) {
    throw malformed(text, `repository name must not be more than ${maxPathLength} characters`);
  }
  return { domain, path, tag: match[2] ?? null, digest: match[3] === undefined ? null : checkDigest(text, match[3]) };
}

function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf("/");
  const first = slash === -1 ? "" : text.slice(0, slash);
  const isDomain = slash !== -1 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  const domain = !isDomain || first === "index.docker.io" ? defaultDomain : first;
  const remainder = isDomain ? text.slice(slash + 1) : text;
  return {
    domain,
    remainder: domain === defaultDomain && !remainder.includes("/") ? `library/${remainder}` : remainder,
  };
}

function checkDigest(text: string, digest: string): Digest {
  if (isDigest(digest)) return digest;
  const algorithm = digest.slice(0, digest.indexOf(":"));
  if (algorithm !== "sha256") throw malformed(text, "unsupported digest algorithm");
  const length = digest.length - algorithm.length - 1;
  throw malformed(text, length === 64 ? "invalid checksum digest format" : "invalid checksum digest length");
}

/** Adds `latest` where there is neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === null && reference.digest === null ? { ...reference, tag: defaultTag } : reference;
}

export function withTag(reference: Reference, tag: string): Reference {
  if (!tagPattern.test(tag)) throw malformed(tag, "invalid tag format");
  return { ...reference, tag, digest: null };
}

/** `docker.io/library/alpine:3.20`: the form under which the store keeps it. */
export function canonicalName(reference: Reference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}

/** `alpine` for `docker.io/library/alpine`: what people see, without tag and digest. */
export function familiarRepository({ domain, path }: Reference): string {
  if (domain !== defaultDomain) return `${domain}/${path}`;
  const parts = path.split("/");
  return parts.length === 2 && parts[0] === "library" ? (parts[1] ?? path) : path;
}

export function familiarName(reference: Reference): string {
  return familiarRepository(reference) + suffix(reference);
}

function suffix({ tag, digest }: Reference): string {
  return `${tag === null ? "" : `:${tag}`}${digest === null ? "" : `@${digest}`}`;
}
