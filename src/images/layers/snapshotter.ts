/**
 * Where unpacked layers live. The plain one keeps a directory per layer for overlayfs; another may keep one EROFS
 * image per stack over shared objects. Callers see layers by chain id and directories to mount, nothing else.
 */
import { createHash } from "node:crypto";
import type { Digest } from "../../base/digest.ts";

export type Snapshotter = {
  /** Shown as the storage driver. */
  readonly name: string;
  /** Unpacks a layer to where nobody sees it. `expectedDigest` is checked against the bytes while they are read. */
  unpack(source: LayerBytes, expectedDigest: Digest | null, signal: AbortSignal): Promise<LayerDraft>;
  has(chainId: Digest): boolean;
  /** What overlayfs mounts for these layers (bottom first in, topmost first out); never empty. */
  lowers(chainIds: readonly Digest[]): string[];
  /** Takes the layer away at once; its files go in the background, until the promise resolves. */
  discard(chainId: Digest): Promise<void>;
  /** Removes drafts and every layer that is not `known`. Answers how many went. */
  sweep(known: ReadonlySet<string>): Promise<number>;
};

/** A layer as it came, compressed or not: a file that only we can change, or bytes that arrive. */
export type LayerBytes = { file: string } | { chunks: AsyncIterable<Uint8Array> };

/** An unpacked layer without a name. Discarded when disposed, unless committed. */
export type LayerDraft = AsyncDisposable & {
  readonly digest: Digest;
  readonly diffId: Digest;
  /** Content of its files. */
  readonly sizeBytes: number;
  readonly blobBytes: number;
  commit(chainId: Digest): void;
};

/** OCI image-spec: ChainID(L0) = DiffID(L0); ChainID(L0..Ln) = Digest(ChainID(L0..Ln-1) + " " + DiffID(Ln)). */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const out: Digest[] = [];
  for (const diffId of diffIds) out.push(nextChainId(out.at(-1) ?? null, diffId));
  return out;
}

export function nextChainId(parent: Digest | null, diffId: Digest): Digest {
  if (parent === null) return diffId;
  return `sha256:${createHash("sha256").update(`${parent} ${diffId}`).digest("hex")}` as Digest;
}
