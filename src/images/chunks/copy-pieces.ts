/** Pieces of a blob's uncompressed content into a file, by the native job `chunkCopy`. */
import type { Digest } from "../../base/digest.ts";
import type { UnpackLimits } from "../../engines/index.ts";
import type { Jobs } from "../dependencies.ts";
import type { BlobStore } from "../store/blob-store.ts";

export type Piece = { from: number; length: number; to: number };
type Options = { jobs: Jobs; blobs: BlobStore; limits: UnpackLimits; signal: AbortSignal };

const pieceBytes = 20;
/** The pieces of one job have to fit into a frame. */
const maxPieces = 400_000;

/** `out` is there. Pieces in any order; they do not overlap but may be the same. */
export async function copyPieces({ jobs, blobs, limits, signal }: Options, blob: Digest, out: string, all: Piece[]) {
  const sorted = all.toSorted((a, b) => a.from - b.from);
  for (let at = 0; at < sorted.length; at += maxPieces) {
    const part = sorted.slice(at, at + maxPieces);
    const pieces = Buffer.alloc(part.length * pieceBytes);
    part.forEach(({ from, length, to }, index) => {
      pieces.writeBigUInt64BE(BigInt(from), index * pieceBytes);
      pieces.writeUInt32BE(length, index * pieceBytes + 8);
      pieces.writeBigUInt64BE(BigInt(to), index * pieceBytes + 12);
    });
    await jobs.run(
      { t: "chunkCopy", source: { stream: true }, limits, out, pieces },
      { input: blobs.open(blob), signal },
    );
  }
}
