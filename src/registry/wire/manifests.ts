/** Manifests by tag or digest, their tags, and what refers to them. */
import type { Contents } from "../content/contents.ts";
import { type ContentDigest, digestLike, type ManifestReference, parseTag, type Repository } from "../content/names.ts";
import { maxManifestBytes, parseManifest } from "../content/parse-manifest.ts";
import { contentMismatch, manifestInvalid } from "../errors.ts";
import { isUnchanged } from "./blobs.ts";
import type { Exchange, Headers } from "./exchange.ts";
import { cutPage, linkNext, readPage } from "./page.ts";

/** One request may set as many tags. */
const maxTags = 100;

export function getManifest(contents: Contents, exchange: Exchange, repository: Repository, ref: ManifestReference) {
  const manifest = contents.manifest(repository, ref);
  const headers: Headers = { "Docker-Content-Digest": manifest.digest, ETag: `"${manifest.digest}"` };
  if (isUnchanged(exchange, manifest.digest)) return exchange.sendEmpty(304, headers);
  Object.assign(headers, { "Content-Type": manifest.mediaType, "Content-Length": String(manifest.sizeBytes) });
  return exchange.sendStream(200, headers, async function* () {
    yield manifest.read();
  });
}

export async function putManifest(
  contents: Contents,
  exchange: Exchange,
  repository: Repository,
  reference: ManifestReference,
): Promise<void> {
  const tags = [...("tag" in reference ? [reference.tag] : []), ...exchange.query.getAll("tag").map(parseTag)];
  if (tags.length > maxTags) throw manifestInvalid(`it was to get more than ${maxTags} tags`);
  const bytes = await exchange.bytes(maxManifestBytes);
  const like = "digest" in reference ? reference.digest : ("sha256:" as ContentDigest);
  const digest = digestLike(like, bytes);
  if ("digest" in reference && digest !== reference.digest) throw contentMismatch(reference.digest, digest);
  const mediaType = (exchange.header("content-type") ?? "").split(";")[0]?.trim() ?? "";
  const parsed = parseManifest(bytes, mediaType);
  contents.putManifest({ repository, digest, tags, mediaType, bytes, parsed });
  const headers: Headers = { Location: `/v2/${repository}/manifests/${digest}`, "Docker-Content-Digest": digest };
  if (parsed.subject !== null) headers["OCI-Subject"] = parsed.subject;
  if (tags.length > 0) headers["OCI-Tag"] = tags.join(", ");
  exchange.sendEmpty(201, headers);
}

export function deleteManifest(contents: Contents, exchange: Exchange, repository: Repository, ref: ManifestReference) {
  if ("digest" in ref) contents.deleteManifest(repository, ref.digest);
  else contents.deleteTag(repository, ref.tag);
  exchange.sendEmpty(202);
}

export function listTags(contents: Contents, exchange: Exchange, repository: Repository): void {
  const page = readPage(exchange);
  const found = contents.tags(repository, { ...page, limit: page.limit + 1 });
  const { items, headers } = cutPage(exchange, page, found, (tag) => tag);
  exchange.sendJson(200, { name: repository, tags: items }, headers);
}

export function listRepositories(contents: Contents, exchange: Exchange): void {
  const page = readPage(exchange);
  const found = contents.repositories({ ...page, limit: page.limit + 1 });
  const { items, headers } = cutPage(exchange, page, found, (name) => name);
  exchange.sendJson(200, { repositories: items }, headers);
}

export function listReferrers(contents: Contents, exchange: Exchange, repository: Repository, subject: ContentDigest) {
  const artifactType = exchange.query.get("artifactType") || null;
  const page = readPage(exchange);
  const { rows, more } = contents.referrers(repository, subject, artifactType, page);
  const headers = linkNext(exchange, page.limit, more ? rows.at(-1) : undefined, ({ digest }) => digest);
  headers["Content-Type"] = "application/vnd.oci.image.index.v1+json";
  if (artifactType !== null) headers["OCI-Filters-Applied"] = "artifactType";
  const manifests = rows.map(({ mediaType, digest, sizeBytes, artifactType: type, annotations }) => ({
    mediaType,
    digest,
    size: sizeBytes,
    ...(type === "" ? {} : { artifactType: type }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  }));
  exchange.sendJson(200, { schemaVersion: 2, mediaType: headers["Content-Type"], manifests }, headers);
}
