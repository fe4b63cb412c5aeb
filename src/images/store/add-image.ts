/** Brings layers and an image into the store: whole, or not at all. */
import type { Digest } from "../../base/digest.ts";
import { maxConfigBytes, parseImageFile } from "../config/image-config.ts";
import { badConfig, digestMismatch } from "../errors.ts";
import { chainIds } from "../layers/snapshotter.ts";
import type { ImageStore } from "./image-store.ts";
import { hasLayer, keepLayer } from "./keep-layer.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import type { Leases } from "./leases.ts";
import { recordImage } from "./record-image.ts";

export type LayerSource = {
  /** A file that only we can change. */
  file: string;
  /** Digest of its bytes where one was announced. */
  expectedDigest: Digest | null;
};

export type AddDeps = { store: ImageStore; locks: KeyedLock; leases: Leases; now: () => number };

export type LayerListener = (layer: { diffId: Digest; file: string; done: boolean }) => Promise<void>;

export type AddImage = {
  config: Uint8Array;
  /** One for each diff id of the configuration, bottom first. */
  layers: readonly LayerSource[];
  parent: Digest | null;
  signal: AbortSignal;
  /** Called before and after each layer that was not there. */
  onLayer?: LayerListener;
};

/** Layers that are there already are not touched; the same layer coming in twice at once is unpacked once. */
export async function addImage(deps: AddDeps, { config, layers, parent, signal, onLayer }: AddImage): Promise<Digest> {
  const { store, leases } = deps;
  if (config.byteLength > maxConfigBytes) throw badConfig(`it is larger than ${maxConfigBytes} bytes`);
  const file = parseImageFile(config);
  if (file.diffIds.length !== layers.length) {
    throw badConfig(`it names ${file.diffIds.length} layers, but ${layers.length} came with it`);
  }
  const chains = chainIds(file.diffIds);
  using _lease = leases.take([...chains, ...file.diffIds]);
  const pairs = chains.map((chainId, index) => ({ chainId, diffId: file.diffIds[index], source: layers[index] }));
  await eachOf(pairs, signal, async ({ chainId, diffId, source }, workSignal) => {
    if (source === undefined || diffId === undefined) return;
    if (hasLayer(store, chainId)) return;
    await onLayer?.({ diffId, file: source.file, done: false });
    await ensureLayer(deps, { chainId, diffId, source, signal: workSignal });
    await onLayer?.({ diffId, file: source.file, done: true });
  });
  signal.throwIfAborted();
  return recordImage(deps, { config, parent });
}

const layersAtOnce = 3;

/** A few at a time. The first failure stops the others and is thrown when they have ended. */
async function eachOf<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
) {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const queue = items.values();
  let failure: { error: unknown } | null = null;
  const worker = async () => {
    for (const item of queue) {
      if (failure) return;
      try {
        await work(item, either);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: layersAtOnce }, worker));
  const failed = failure as { error: unknown } | null;
  if (failed) throw failed.error;
}

type EnsureLayer = { chainId: Digest; diffId: Digest; source: LayerSource; signal: AbortSignal };

async function ensureLayer({ store, locks }: AddDeps, { chainId, diffId, source, signal }: EnsureLayer): Promise<void> {
  using _lock = await locks.acquire(chainId, signal);
  if (hasLayer(store, chainId)) return;
  const { file, expectedDigest } = source;
  await using draft = await store.snapshotter.unpack({ file }, { expectedDigest, signal });
  if (expectedDigest !== null && draft.digest !== expectedDigest) {
    throw digestMismatch("a layer", expectedDigest, draft.digest);
  }
  if (draft.diffId !== diffId) throw digestMismatch("a layer's content", diffId, draft.diffId);
  keepLayer(store, chainId, draft, file);
}
