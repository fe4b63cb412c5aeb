/**
 * Where layers live and how they become a root file system. One form keeps a directory per layer for overlayfs;
 * the other one object per distinct file and one EROFS image per stack. Callers see neither.
 */
import { createHash } from "node:crypto";
import type { Digest } from "../../base/digest.ts";
import type { LayerStack } from "../../engines/index.ts";

/** A layer by its place in a stack, and by its content. */
export type LayerId = { readonly chainId: Digest; readonly diffId: Digest };

export type SnapshotterName = "overlayfs" | "erofs";

export type Snapshotter = {
  /** Shown as the storage driver. */
  readonly name: SnapshotterName;
  /** Its layers give their uncompressed tar back, bit by bit: such a blob needs not be kept. */
  readonly givesTarBack: boolean;
  /** Takes a layer in to where nobody sees it. */
  unpack(bytes: LayerBytes, options: UnpackOptions): Promise<LayerDraft>;
  has(layer: LayerId): boolean;
  /** What is mounted for these layers, bottom first; at once where it was made ready before. All of them are here. */
  open(layers: readonly LayerId[]): LayerStack | Promise<LayerStack>;
  /** Where the layers lie, for people who inspect an image. */
  describe(layers: readonly LayerId[]): Record<string, string>;
  /** Makes what `open` made ahead once more and compares. Null where it is the same; with `mend`, what differs goes. */
  check(layers: readonly LayerId[], options: { mend: boolean; signal: AbortSignal }): Promise<string | null>;
  /** What differs between two stacks, in time that depends on the change. Null: this form keeps nothing to compare by. */
  readonly diff: ((from: readonly LayerId[], to: readonly LayerId[], signal: AbortSignal) => Promise<Change[]>) | null;
  /**
   * Takes everything away that is not kept. Names go in one step with `mark`, so that nothing comes in between; files by the
   * time the promise resolves.
   */
  collect(mark: () => Keep): Promise<Freed>;
};

/** A layer as it came, compressed or not: a file that only we can change, or bytes that arrive. */
export type LayerBytes = { file: string } | { chunks: AsyncIterable<Uint8Array> };

export type UnpackOptions = {
  /** Digest of the bytes where one was announced: checked while they are read. */
  expectedDigest: Digest | null;
  signal: AbortSignal;
  /** A new file that gets `chunks` as they came. */
  copyTo?: string | undefined;
};

/** A layer without a name. Discarded when disposed, unless committed. */
export type LayerDraft = AsyncDisposable & {
  readonly digest: Digest;
  readonly diffId: Digest;
  /** Of the uncompressed tar. */
  readonly sizeBytes: number;
  readonly blobBytes: number;
  /** Whether it is still there: before its digest is known to anybody, a collection may take it. */
  isHere(): boolean;
  commit(chainId: Digest): void;
};

export type Keep = {
  /** Chain ids of layers. */
  chains: ReadonlySet<Digest>;
  diffIds: ReadonlySet<Digest>;
  /** Chain ids of whole stacks. */
  stacks: ReadonlySet<Digest>;
  /** At start nothing is under way: what is unfinished goes too. */
  drafts: boolean;
};

/** As in a container's changes: modified, added, deleted. */
export type Change = { Path: string; Kind: 0 | 1 | 2 };

export type Freed = { items: number; sizeBytes: number };

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
