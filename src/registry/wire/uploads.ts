/** Uploads: whole in one request, in chunks, resumed, or no upload at all because the content is here already (mount). */
import type { Contents } from "../content/contents.ts";
import { type ContentDigest, isRepository, parseContentDigest, type Repository } from "../content/names.ts";
import type { Uploads } from "../content/uploads.ts";
import { digestInvalid, outOfOrder, sizeInvalid } from "../errors.ts";
import { storedHeaders } from "./blobs.ts";
import type { Exchange } from "./exchange.ts";
import { parseContentRange } from "./range.ts";

export type UploadDeps = { contents: Contents; uploads: Uploads; mayPull(repository: Repository): boolean };

const algorithms = ["sha256", "sha512"];

export async function beginUpload(deps: UploadDeps, exchange: Exchange, repository: Repository): Promise<void> {
  const { query } = exchange;
  const algorithm = query.get("digest-algorithm");
  if (algorithm !== null && !algorithms.includes(algorithm)) {
    throw digestInvalid(`Cannot use the digest algorithm ${JSON.stringify(algorithm.slice(0, 50))}: it is not known`);
  }
  const mount = query.get("mount");
  if (mount !== null && mountBlob(deps, exchange, repository, parseContentDigest(mount))) return;
  const whole = query.get("digest");
  const digest = whole === null ? null : parseContentDigest(whole);
  const id = deps.uploads.create(repository);
  if (digest === null) return sendState(exchange, 202, repository, id, 0);
  try {
    await deps.uploads.append(repository, id, exchange.body(), exchange.contentLength);
  } catch (error) {
    deps.uploads.cancel(repository, id); // nobody knows its address
    throw error;
  }
  await finish(deps, exchange, repository, id, digest);
}

/** `from` may be left out: any repository that the client may read will do. */
function mountBlob(
  { contents, mayPull }: UploadDeps,
  exchange: Exchange,
  repository: Repository,
  digest: ContentDigest,
): boolean {
  const from = exchange.query.get("from");
  const blob =
    from === null
      ? (contents.placesOf(digest).find((place) => mayPull(place.repository))?.blob ?? null)
      : isRepository(from) && mayPull(from)
        ? contents.findBlob(from, digest)
        : null;
  if (blob === null) return false;
  const { content, sizeBytes } = blob;
  contents.addBlob(repository, { digest, content, sizeBytes });
  exchange.sendEmpty(201, storedHeaders(repository, digest));
  return true;
}

export function uploadState({ uploads }: UploadDeps, exchange: Exchange, repository: Repository, id: string): void {
  sendState(exchange, 204, repository, id, uploads.size(repository, id));
}

export async function appendChunk({ uploads }: UploadDeps, exchange: Exchange, repository: Repository, id: string) {
  const expected = expectedBytes(exchange, repository, id, uploads.size(repository, id));
  const sizeBytes = await uploads.append(repository, id, exchange.body(), expected);
  sendState(exchange, 202, repository, id, sizeBytes);
}

export async function finishUpload(deps: UploadDeps, exchange: Exchange, repository: Repository, id: string) {
  const { uploads } = deps;
  const sizeBytes = uploads.size(repository, id);
  const digest = parseContentDigest(exchange.query.get("digest") ?? "");
  const expected = expectedBytes(exchange, repository, id, sizeBytes);
  if (expected !== 0) await uploads.append(repository, id, exchange.body(), expected);
  await finish(deps, exchange, repository, id, digest);
}

async function finish(
  { contents, uploads }: UploadDeps,
  exchange: Exchange,
  repository: Repository,
  id: string,
  digest: ContentDigest,
) {
  await uploads.finish(repository, id, digest, (stored) => contents.addBlob(repository, { digest, ...stored }));
  exchange.sendEmpty(201, storedHeaders(repository, digest));
}

export function cancelUpload({ uploads }: UploadDeps, exchange: Exchange, repository: Repository, id: string): void {
  uploads.cancel(repository, id);
  exchange.sendEmpty(204);
}

/** How many bytes this chunk must have, where the client said it. A chunk that does not begin where the upload stands is refused. */
function expectedBytes(exchange: Exchange, repository: Repository, id: string, sizeBytes: number): number | null {
  const { contentLength } = exchange;
  const range = parseContentRange(exchange.header("content-range"));
  if (range === null) return contentLength;
  if (range.start !== sizeBytes) {
    throw outOfOrder(
      `it begins at byte ${range.start}, but the upload stands at ${sizeBytes}`,
      stateHeaders(repository, id, sizeBytes),
    );
  }
  const length = range.end - range.start + 1;
  if (contentLength !== null && contentLength !== length) {
    throw sizeInvalid(`its Content-Range has ${length} bytes, its Content-Length says ${contentLength}`);
  }
  return length;
}

function sendState(exchange: Exchange, status: number, repository: Repository, id: string, sizeBytes: number): void {
  exchange.sendEmpty(status, stateHeaders(repository, id, sizeBytes));
}

/** An upload without bytes has the range 0-0 too: the specification knows no other word for it. */
function stateHeaders(repository: Repository, id: string, sizeBytes: number): Record<string, string> {
  return {
    Location: `/v2/${repository}/blobs/uploads/${id}`,
    "Docker-Upload-UUID": id,
    Range: `0-${Math.max(0, sizeBytes - 1)}`,
  };
}
