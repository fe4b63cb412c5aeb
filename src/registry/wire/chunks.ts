/**
 * Between HyperBox hosts: of what chunks a layer's uncompressed content is, and those of them that the other host lacks. Beside
 * the OCI protocol, below a name that it leaves to extensions.
 */
import { createReadStream } from "node:fs";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BlobStore, Images } from "../../images/index.ts";
import { chunksType, copyPieces, encodeChunks } from "../../images/index.ts";
import type { Contents } from "../content/contents.ts";
import type { ContentDigest, Repository } from "../content/names.ts";
import { badParameter, methodUnsupported } from "../errors.ts";
import type { Exchange } from "./exchange.ts";

export type ChunkDeps = { contents: Contents; images: Images };

const maxWantedBytes = 400_000 * 4;
/** Each of them decompresses a layer. */
const atOnce = 2;
let underWay = 0;

export async function listChunks(
  { contents, images }: ChunkDeps,
  exchange: Exchange,
  repository: Repository,
  digest: ContentDigest,
) {
  const { content } = contents.blob(repository, digest);
  const { diffId, sizeBytes, chunks } = await bounded(exchange, () => images.chunks.of(content, exchange.signal));
  const bytes = encodeChunks(chunks);
  await exchange.sendStream(
    200,
    {
      "Content-Type": chunksType,
      "Content-Length": String(bytes.byteLength),
      "Hyperbox-Diff-Id": diffId,
      "Hyperbox-Size": String(sizeBytes),
      ETag: `"chunks-${digest}"`,
    },
    async function* () {
      yield bytes;
    },
  );
}

/** The body says which: their numbers in the list, 4 bytes each, none twice. They come in that order. */
export async function sendChunks(
  { contents, images }: ChunkDeps,
  exchange: Exchange,
  repository: Repository,
  digest: ContentDigest,
) {
  const { content } = contents.blob(repository, digest);
  const body = Buffer.from(await exchange.bytes(maxWantedBytes));
  const { chunks } = await bounded(exchange, () => images.chunks.of(content, exchange.signal));
  const numbers = Array.from({ length: Math.floor(body.byteLength / 4) }, (_, at) => body.readUInt32BE(at * 4));
  if (body.byteLength % 4 !== 0 || new Set(numbers).size !== numbers.length)
    throw badParameter("body", `${body.byteLength} bytes`, "a list of numbers, none twice");
  let to = 0;
  const pieces = numbers.map((number) => {
    const chunk = chunks[number];
    if (!chunk) throw badParameter("body", String(number), `below ${chunks.length}`);
    to += chunk.length;
    return { from: chunk.offset, length: chunk.length, to: to - chunk.length };
  });
  using draft = images.store.blobs.createDraft();
  const file = join(draft.path, "chunks");
  await writeFile(file, "", { mode: 0o600 });
  await truncate(file, to);
  const { jobs, limits, store } = images;
  const options = { jobs, limits, blobs: store.blobs as BlobStore, signal: exchange.signal };
  await bounded(exchange, () => copyPieces(options, content, file, pieces));
  const headers = { "Content-Type": "application/octet-stream", "Content-Length": String(to) };
  await exchange.sendStream(200, headers, () => createReadStream(file) as AsyncIterable<Uint8Array>);
}

/** Who comes while others are served hears that the layer can be had whole. */
async function bounded<T>(exchange: Exchange, work: () => Promise<T>): Promise<T> {
  if (underWay >= atOnce) throw methodUnsupported("too many layers are being cut into chunks; get the blob instead");
  underWay++;
  try {
    exchange.signal.throwIfAborted();
    return await work();
  } finally {
    underWay--;
  }
}
