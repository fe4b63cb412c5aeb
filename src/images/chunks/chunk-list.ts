/** Of what content-defined chunks a layer's uncompressed content is; 36 bytes each on the wire and on disk (docs/protocol.md). */
import type { Digest } from "../../base/digest.ts";

export type Chunk = { hash: string; offset: number; length: number };
export type ChunkList = { diffId: Digest; sizeBytes: number; chunks: readonly Chunk[] };

export const chunkBytes = 36;
export const maxChunkLength = 256 * 1024;
/** What one frame of the native core holds. */
export const maxListBytes = 400_000 * chunkBytes;

/** Null where it is not what `chunkList` writes for so many bytes. */
export function parseChunks(bytes: Uint8Array, sizeBytes: number): Chunk[] | null {
  if (bytes.byteLength % chunkBytes !== 0 || bytes.byteLength > maxListBytes) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let offset = 0;
  for (let at = 0; at < buffer.byteLength; at += chunkBytes) {
    const length = buffer.readUInt32BE(at + 32);
    if (length === 0 || length > maxChunkLength) return null;
    chunks.push({ hash: buffer.toString("hex", at, at + 32), offset, length });
    offset += length;
  }
  return offset === sizeBytes ? chunks : null;
}

export function encodeChunks(chunks: readonly Chunk[]): Buffer {
  const bytes = Buffer.alloc(chunks.length * chunkBytes);
  chunks.forEach(({ hash, length }, at) => {
    bytes.write(hash, at * chunkBytes, "hex");
    bytes.writeUInt32BE(length, at * chunkBytes + 32);
  });
  return bytes;
}
