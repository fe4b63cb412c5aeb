/**
 * A layer from another HyperBox host: its chunk list, then only the chunks that no layer here has. What comes of it is the
 * uncompressed tar, checked against the diff id that the image's configuration names. Anything in the way means that the
 * layer is downloaded whole, as from any registry.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../../base/digest.ts";
import { type Chunk, type ChunkList, maxListBytes, parseChunks } from "../../chunks/chunk-list.ts";
import { copyPieces, type Piece } from "../../chunks/copy-pieces.ts";
import type { Images } from "../../images.ts";
import type { RegistryClient } from "../client.ts";
import type { Descriptor } from "../content/manifest.ts";

export const chunksType = "application/vnd.hyperbox.chunks.v1";
/** Sent with every answer of a server that knows chunks. */
export const chunksHeader = "hyperbox-chunks";

export type FetchLayer = { client: RegistryClient; descriptor: Descriptor; diffId: Digest; signal: AbortSignal };
export type FetchedLayer = Disposable & { file: string; sizeBytes: number; transferredBytes: number };

/** Below that a layer is not worth three requests. */
const minLayerBytes = 512 * 1024;
const maxDonors = 12;

/** Null: not offered, nothing here resembles it, or not worth it. */
export async function fetchByChunks(images: Images, fetch: FetchLayer): Promise<FetchedLayer | null> {
  const { client, descriptor, diffId, signal } = fetch;
  if (!images.store.snapshotter.givesTarBack || !client.offersChunks || descriptor.size < minLayerBytes) return null;
  const donors = findDonors(images, client.repository.path, diffId);
  if (donors.length === 0) return null;
  const wanted = await readList(fetch);
  if (wanted?.diffId !== diffId) return null;
  const found = await findChunks(images, donors, wanted, signal);
  const missingBytes = found.missing.reduce((sum, { length }) => sum + length, 0);
  if (missingBytes >= descriptor.size) return null;
  const draft = images.store.blobs.createDraft();
  try {
    const file = join(draft.path, "tar");
    await using handle = await open(file, "wx", 0o600);
    await handle.truncate(wanted.sizeBytes);
    const { store, jobs, limits } = images;
    for (const [blob, pieces] of found.pieces)
      await copyPieces({ jobs, blobs: store.blobs, limits, signal }, blob, file, pieces);
    if (found.missing.length > 0) await readChunks(fetch, found.missing, handle);
    const listBytes = wanted.chunks.length * 36;
    return Object.assign(draft, { file, sizeBytes: wanted.sizeBytes, transferredBytes: missingBytes + listBytes });
  } catch (error) {
    draft[Symbol.dispose]();
    throw error;
  }
}

/** Layers of images with the same name, whatever their tag and registry; the newest first. */
function findDonors({ store }: Images, path: string, diffId: Digest): Digest[] {
  const images = store.list().filter((image) => image.references.some((reference) => reference.path === path));
  const layers = images.toReversed().flatMap(({ chainIds }) => chainIds.map((chainId) => store.table.layer(chainId)));
  const blobs = layers.flatMap((layer) => (layer && layer.diffId !== diffId ? [layer.blob] : []));
  return [...new Set(blobs)].filter((blob) => store.blobs.has(blob)).slice(0, maxDonors);
}

type Missing = { index: number; hash: string; length: number; to: number[] };
type Found = { pieces: Map<Digest, Piece[]>; missing: Missing[] };

async function findChunks(
  images: Images,
  donors: readonly Digest[],
  wanted: ChunkList,
  signal: AbortSignal,
): Promise<Found> {
  const here = new Map<string, { blob: Digest; chunk: Chunk }>();
  for (const blob of donors) {
    const { chunks } = await images.chunks.of(blob, signal);
    for (const chunk of chunks) if (!here.has(chunk.hash)) here.set(chunk.hash, { blob, chunk });
  }
  const pieces = new Map<Digest, Piece[]>();
  const missing = new Map<string, Missing>();
  wanted.chunks.forEach(({ hash, length, offset }, index) => {
    const donor = here.get(hash);
    if (donor?.chunk.length === length) {
      const list = pieces.get(donor.blob) ?? [];
      list.push({ from: donor.chunk.offset, length, to: offset });
      pieces.set(donor.blob, list);
      return;
    }
    const again = missing.get(hash);
    if (again) again.to.push(offset);
    else missing.set(hash, { index, hash, length, to: [offset] });
  });
  return { pieces, missing: [...missing.values()] };
}

const pathOf = ({ client, descriptor }: FetchLayer) =>
  `${client.repository.path}/_hyperbox/chunks/${descriptor.digest}`;

async function readList(fetch: FetchLayer): Promise<ChunkList | null> {
  const answer = await fetch.client.call({ method: "GET", path: pathOf(fetch), signal: fetch.signal });
  const sizeBytes = Number(answer.headers.get("hyperbox-size"));
  if (answer.status !== 200 || answer.headers.get("content-type") !== chunksType || !Number.isSafeInteger(sizeBytes)) {
    answer.drop();
    return null;
  }
  const chunks = parseChunks(await answer.bytes(maxListBytes), sizeBytes);
  return chunks && { diffId: answer.headers.get("hyperbox-diff-id") as Digest, sizeBytes, chunks };
}

/** They come in the order in which they were asked for, one behind the other. */
async function readChunks(fetch: FetchLayer, missing: readonly Missing[], file: FileHandle): Promise<void> {
  const body = Buffer.alloc(missing.length * 4);
  for (const [at, { index }] of missing.entries()) body.writeUInt32BE(index, at * 4);
  const answer = await fetch.client.call({ method: "POST", path: pathOf(fetch), body, signal: fetch.signal });
  if (answer.status !== 200) {
    answer.drop();
    throw new Error(`the registry refused chunks with status ${answer.status}`);
  }
  const pieces = answer.body();
  let rest = Buffer.alloc(0);
  for (const { hash, length, to } of missing) {
    while (rest.byteLength < length) {
      const { value, done } = await pieces.next();
      if (done) throw new Error("the registry sent fewer chunks than were asked for");
      rest = Buffer.concat([rest, value]);
    }
    const chunk = rest.subarray(0, length);
    rest = rest.subarray(length);
    if (createHash("sha256").update(chunk).digest("hex") !== hash) throw new Error("the registry sent another chunk");
    for (const offset of to) await file.write(chunk, 0, length, offset);
  }
  await pieces.return(undefined);
}
