/** Blobs: GET and HEAD with ranges, DELETE. */
import type { Contents, StoredBlob } from "../content/contents.ts";
import type { ContentDigest, Repository } from "../content/names.ts";
import type { Exchange, Headers } from "./exchange.ts";
import { type ByteRange, parseRange } from "./range.ts";

export async function getBlob(contents: Contents, exchange: Exchange, repository: Repository, digest: ContentDigest) {
  const blob = contents.blob(repository, digest);
  const headers: Headers = {
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
    "Accept-Ranges": "bytes",
    "Cache-Control": "max-age=31536000, immutable",
    "Content-Type": "application/octet-stream",
  };
  if (isUnchanged(exchange, digest)) return exchange.sendEmpty(304, headers);
  const ifRange = exchange.header("if-range");
  const wanted = ifRange === undefined || ifRange === headers.ETag ? exchange.header("range") : undefined;
  const range = exchange.method === "GET" ? parseRange(wanted, blob.sizeBytes) : null;
  if (range === null) return sendPieces(contents, exchange, blob, 200, headers, { start: 0, end: blob.sizeBytes - 1 });
  headers["Content-Range"] = `bytes ${range.start}-${range.end}/${blob.sizeBytes}`;
  return sendPieces(contents, exchange, blob, 206, headers, range);
}

function sendPieces(
  { blobs }: Contents,
  exchange: Exchange,
  { content }: StoredBlob,
  status: number,
  headers: Headers,
  range: ByteRange,
): Promise<void> {
  const length = range.end - range.start + 1;
  return exchange.sendStream(status, { ...headers, "Content-Length": String(length) }, () =>
    blobs.open(content, { offset: range.start, length }),
  );
}

export function deleteBlob(contents: Contents, exchange: Exchange, repository: Repository, digest: ContentDigest) {
  contents.deleteBlob(repository, digest);
  exchange.sendEmpty(202, { "Docker-Content-Digest": digest });
}

export function isUnchanged(exchange: Exchange, digest: ContentDigest): boolean {
  const known = exchange.header("if-none-match") ?? "";
  return known.split(",").some((tag) => tag.trim().replace(/^W\//, "") === `"${digest}"`);
}

/** For answers that name content which was just stored. */
export function storedHeaders(repository: Repository, digest: ContentDigest): Headers {
  return { Location: `/v2/${repository}/blobs/${digest}`, "Docker-Content-Digest": digest };
}
