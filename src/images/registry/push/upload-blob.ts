/** One blob to a repository: not at all where it is there, by a mount where a neighbour has it, in chunks otherwise. */
import type { Digest } from "../../../base/digest.ts";
import { pullScope, type RegistryClient, refused } from "../client.ts";
import { badAnswer } from "../errors.ts";
import { backoffDelay, wait } from "../http/backoff.ts";
import { type Incoming, resolveLocation } from "../http/send.ts";
import type { RegistrySettings } from "../settings.ts";

export type UploadSource = {
  digest: Digest;
  sizeBytes: number;
  /** Bytes from `offset`, `length` of them at the most. */
  read(offset: number, length: number): Promise<Uint8Array>;
};

export type Upload = {
  source: UploadSource;
  /** Repositories of the same registry that may have it. */
  neighbours: readonly string[];
  settings: RegistrySettings;
  signal: AbortSignal;
  onProgress(sentBytes: number): void;
};

export type Uploaded = { how: "present" } | { how: "mounted"; from: string } | { how: "sent" };

/** A chunk is held in memory while it is sent, and sent again where it did not arrive. */
const chunkBytes = 5 * 1024 * 1024;

export async function uploadBlob(client: RegistryClient, upload: Upload): Promise<Uploaded> {
  const { source, neighbours, signal } = upload;
  if (await hasBlob(client, source.digest, signal)) return { how: "present" };
  for (const from of neighbours) {
    const answer = await startUpload(client, { mount: source.digest, from }, [pullScope(from)], signal);
    if (answer.status === 201) {
      answer.drop();
      return { how: "mounted", from };
    }
    // The registry opened a session instead: it is as good as any.
    if (answer.status === 202) return await send(client, upload, locationOf(answer));
    answer.drop();
  }
  const answer = await startUpload(client, {}, [], signal);
  if (answer.status !== 202) throw await refused(answer);
  return await send(client, upload, locationOf(answer));
}

export async function hasBlob(client: RegistryClient, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const answer = await client.call({ method: "HEAD", path: `${client.repository.path}/blobs/${digest}`, signal });
  answer.drop();
  return answer.status === 200;
}

function startUpload(
  client: RegistryClient,
  query: Record<string, string>,
  moreScopes: readonly string[],
  signal: AbortSignal,
): Promise<Incoming> {
  const { path } = client.repository;
  const search = new URLSearchParams(query).toString();
  const scopes = [pullScope(path, true), ...moreScopes];
  const target = `${path}/blobs/uploads/${search === "" ? "" : `?${search}`}`;
  return client.call({ method: "POST", path: target, signal, scopes });
}

/** Chunk after chunk; after a failure from where the registry says it stands. */
async function send(client: RegistryClient, upload: Upload, location: URL): Promise<Uploaded> {
  const { source, settings, signal, onProgress } = upload;
  let offset = 0;
  let at = location;
  let failures = 0;
  while (offset < source.sizeBytes) {
    const chunk = await source.read(offset, chunkBytes);
    try {
      at = await patch(client, at, chunk, offset, signal);
      offset += chunk.byteLength;
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || ++failures >= settings.attempts) throw error;
      await wait(backoffDelay(failures - 1, settings.backoffMs), signal);
      const stand = await progressOf(client, at, signal);
      if (stand === null || stand.offset > source.sizeBytes) throw error;
      ({ offset, at } = stand);
    }
    onProgress(offset);
  }
  await finish(client, at, source.digest, signal);
  return { how: "sent" };
}

async function patch(client: RegistryClient, url: URL, chunk: Uint8Array, offset: number, signal: AbortSignal) {
  const headers = {
    "Content-Type": "application/octet-stream",
    "Content-Range": `${offset}-${offset + chunk.byteLength - 1}`,
  };
  const answer = await client.call({ method: "PATCH", path: url, headers, body: chunk, signal, again: false });
  if (answer.status !== 202 && answer.status !== 204) throw await refused(answer);
  return locationOf(answer, url);
}

/** Null: the registry has forgotten the upload. */
async function progressOf(client: RegistryClient, url: URL, signal: AbortSignal) {
  const answer = await client.call({ method: "GET", path: url, signal });
  answer.drop();
  if (answer.status !== 204) return null;
  const end = /^(?:bytes=)?0-(-?\d+)$/.exec(answer.headers.get("range") ?? "")?.[1];
  if (end === undefined) return { offset: 0, at: locationOf(answer, url) };
  // Nothing received and one byte received both read `0-0` in what registries write; a second first byte is refused.
  return { offset: Number(end) <= 0 ? 0 : Number(end) + 1, at: locationOf(answer, url) };
}

async function finish(client: RegistryClient, location: URL, digest: Digest, signal: AbortSignal): Promise<void> {
  const url = new URL(location);
  url.searchParams.set("digest", digest);
  const headers = { "Content-Type": "application/octet-stream" };
  try {
    const answer = await client.call({
      method: "PUT",
      path: url,
      headers,
      body: new Uint8Array(),
      signal,
      again: false,
    });
    if (answer.status !== 201 && answer.status !== 204) throw await refused(answer);
    answer.drop();
  } catch (error) {
    signal.throwIfAborted();
    // The answer may be all that was lost.
    if (!(isPassing(error) && (await hasBlob(client, digest, signal)))) throw error;
  }
}

function isPassing(error: unknown): boolean {
  const { code, details } = error as { code?: string; details?: { status?: unknown } };
  const status = details?.status;
  return (
    code === "registry.unreachable" ||
    code === "registry.stalled" ||
    code === "registry.rate_limited" ||
    (typeof status === "number" && (status >= 500 || status === 416 || status === 429))
  );
}

function locationOf(answer: Incoming, fallback?: URL): URL {
  answer.drop();
  const location = answer.headers.get("location");
  if (location !== null) return resolveLocation(location, answer.url);
  if (fallback) return fallback;
  throw badAnswer(answer.url, "it opened an upload without saying where");
}
