/**
 * A layer that comes in piece by piece (a pull): each piece is verified, kept and unpacked as it arrives. Nothing has
 * its name before `commit`, which is also the only way to find out whether the bytes were the announced ones.
 */
import { join } from "node:path";
import type { Digest } from "../../base/digest.ts";
import { digestMismatch, sizeMismatch } from "../errors.ts";
import type { AddDeps } from "../store/add-image.ts";
import type { LayerRow } from "../store/image-table.ts";
import { hasLayer, keepLayer } from "../store/keep-layer.ts";
import type { Lease } from "../store/leases.ts";
import { createPipe } from "./pipe.ts";
import { type LayerDraft, nextChainId } from "./snapshotter.ts";

/** What was announced of the bytes. Compression is detected, whatever the media type says. */
export type LayerBlob = { digest: Digest; sizeBytes: number };

export type OpenLayer = {
  blob: LayerBlob;
  /** Of the uncompressed layer, as the image's configuration names it. */
  diffId: Digest;
  /** Chain id of the layer below; null for the lowest. */
  parent: Digest | null;
  /** Outlives the intake: what keeps the layer until an image names it. */
  lease: Lease;
  signal: AbortSignal;
  /**
   * A file of the caller's, on the store's disk, that has the same bytes at `commit` and is not changed afterwards: the blob
   * becomes a hard link to it. Absent: the intake writes one of its own.
   */
  file?: string;
};

/** Discarded when disposed, unless committed. */
export type LayerIntake = AsyncDisposable & {
  /** Resolves when there is room for more. Throws what made the layer unusable, as soon as that is known. */
  write(chunk: Uint8Array): Promise<void>;
  /** The bytes are complete: verifies them and gives the layer its name. */
  commit(): Promise<LayerRow>;
};

/**
 * Null when the layer is there already, or came in while this waited: one intake per layer at a time, others wait for its end
 * in order. A caller that holds intakes open must not wait for anything but their bytes.
 */
export async function openLayer(deps: AddDeps, options: OpenLayer): Promise<LayerIntake | null> {
  const { store, locks } = deps;
  const { diffId, parent, lease, signal } = options;
  const chainId = nextChainId(parent, diffId);
  lease.add(chainId);
  lease.add(diffId);
  const lock = await locks.acquire(chainId, signal);
  if (hasLayer(store, chainId)) {
    lock[Symbol.dispose]();
    return null;
  }
  try {
    return await openIntake(deps, options, chainId, lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function openIntake(
  { store }: AddDeps,
  { blob, diffId, signal, file: given }: OpenLayer,
  chainId: Digest,
  lock: Disposable,
): Promise<LayerIntake> {
  await using made = new AsyncDisposableStack();
  made.use(lock);
  // The files of an uncompressed layer give it back: then no blob is kept.
  const kept = !(store.snapshotter.givesTarBack && blob.digest === diffId);
  const file = given ?? (kept ? join(made.use(store.blobs.createDraft()).path, "layer") : null);
  const stop = new AbortController();
  const pipe = createPipe();
  const unpacking = store.snapshotter.unpack(
    { chunks: pipe },
    {
      expectedDigest: blob.digest,
      signal: AbortSignal.any([signal, stop.signal]),
      copyTo: given === undefined ? (file ?? undefined) : undefined,
    },
  );
  // What ends the unpacking ends the writing; who writes or commits is told why.
  unpacking.catch((error: unknown) => pipe.fail(error));
  let draft: LayerDraft | null = null;
  made.defer(async () => {
    stop.abort();
    pipe.fail(new Error("the layer was given up"));
    await (draft ?? (await unpacking.catch(() => null)))?.[Symbol.asyncDispose]();
  });
  const resources = made.move();
  let written = 0;
  return {
    async write(chunk) {
      signal.throwIfAborted();
      written += chunk.byteLength;
      if (written > blob.sizeBytes) throw sizeMismatch(blob.digest, blob.sizeBytes, written);
      await pipe.write(chunk);
    },
    async commit() {
      if (written !== blob.sizeBytes) throw sizeMismatch(blob.digest, blob.sizeBytes, written);
      pipe.end();
      draft = await unpacking;
      signal.throwIfAborted();
      if (draft.digest !== blob.digest) throw digestMismatch("a layer", blob.digest, draft.digest);
      if (draft.diffId !== diffId) throw digestMismatch("a layer's content", diffId, draft.diffId);
      return keepLayer(store, chainId, draft, file);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
