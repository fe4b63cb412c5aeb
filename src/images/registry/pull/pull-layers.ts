/** The layers of one image: several at once, each unpacked while it still arrives. */
import { createReadStream } from "node:fs";
import type { Digest } from "../../../base/digest.ts";
import { shortId } from "../../../base/ids.ts";
import type { Images } from "../../images.ts";
import { openLayer } from "../../layers/open-layer.ts";
import { chainIds } from "../../layers/snapshotter.ts";
import { hasLayer } from "../../store/keep-layer.ts";
import type { Lease } from "../../store/leases.ts";
import { fetchByChunks } from "../chunks/fetch-by-chunks.ts";
import type { RegistryClient } from "../client.ts";
import type { Descriptor } from "../content/manifest.ts";
import type { Download, Downloads } from "../download/downloads.ts";
import { createSlots, type Slots } from "../download/slots.ts";
import type { LayerProgress } from "./layer-progress.ts";

export type PullLayers = {
  client: RegistryClient;
  downloads: Downloads;
  layers: readonly Descriptor[];
  diffIds: readonly Digest[];
  lease: Lease;
  progress: LayerProgress;
  signal: AbortSignal;
};

type Layer = { descriptor: Descriptor; diffId: Digest; chainId: Digest; parent: Digest | null; id: string };

const otherLayerFailed = new Error("another layer of the image failed");

/** Each unpacking is a process with threads of its own. */
const unpackedAtOnce = 3;

/** True where at least one layer was not there. */
export async function pullLayers(images: Images, options: PullLayers): Promise<boolean> {
  const { layers, diffIds, lease, progress, signal } = options;
  const chains = chainIds(diffIds);
  for (const chainId of chains) lease.add(chainId);
  const all = layers.flatMap((descriptor, at): Layer[] => {
    const [diffId, chainId] = [diffIds[at], chains[at]];
    if (!diffId || !chainId) return [];
    return [{ descriptor, diffId, chainId, parent: chains[at - 1] ?? null, id: shortId(descriptor.digest) }];
  });
  const missing: Layer[] = [];
  for (const layer of all) {
    const there = hasLayer(images.store, layer.chainId);
    await progress.say(layer.id, there ? "Already exists" : "Pulling fs layer");
    if (!there) missing.push(layer);
  }
  // The largest first: what is small fits in beside it and behind it.
  missing.sort((a, b) => b.descriptor.size - a.descriptor.size);
  const slots = createSlots(unpackedAtOnce);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let failure: { error: unknown } | null = null;
  const work = async (layer: Layer) => {
    try {
      await pullLayer(images, { ...options, signal: either }, layer, slots);
    } catch (error) {
      failure ??= { error };
      stop.abort(otherLayerFailed);
    }
  };
  await Promise.all(missing.map(work));
  const failed = failure as { error: unknown } | null;
  if (failed) throw failed.error;
  return missing.length > 0;
}

async function pullLayer(images: Images, options: PullLayers, layer: Layer, slots: Slots): Promise<void> {
  const { signal, progress, downloads, client } = options;
  const { digest, size } = layer.descriptor;
  const taking = { images, options, layer, slots };
  if (images.store.blobs.has(digest)) {
    await progress.say(layer.id, "Download complete");
    await takeLayer(taking, { pieces: images.store.blobs.open(digest), arrived: () => true });
    return await progress.say(layer.id, "Pull complete");
  }
  if (await takeChunks(taking)) return await progress.say(layer.id, "Pull complete");
  const request = { digest, sizeBytes: size, fetchPart: client.blob.bind(null, layer.descriptor) };
  for (let tries = 0; ; tries++) {
    await using download = await downloads.join(request);
    try {
      await takeDownload(taking, download);
      download.discard(); // it has its own name now
      return await progress.say(layer.id, "Pull complete");
    } catch (error) {
      if (signal.aborted) {
        // Who gives up leaves nothing behind; what a failure or the daemon's end cut off goes on later.
        if (!images.closing && signal.reason !== otherLayerFailed) download.discard();
        throw error;
      }
      const network = isOfNetwork(error);
      if (!network) download.discard();
      // What others began, or an earlier try left behind, may be at fault.
      const again = tries === 0 && (download.joined || (!network && download.resumed && !isDiskFull(error)));
      if (!again) throw error;
    }
  }
}

/** From another HyperBox host, what is new in the layer only. False: it has to be downloaded whole. */
async function takeChunks(taking: Taking): Promise<boolean> {
  const { images, options, layer } = taking;
  const { descriptor, diffId } = layer;
  try {
    using fetched = await fetchByChunks(images, { ...options, descriptor, diffId });
    if (!fetched) return false;
    await options.progress.say(layer.id, "Download complete");
    // It came without its compression: the layer's blob is the tar itself, which the store of files gives back.
    const tar = { ...descriptor, digest: diffId, size: fetched.sizeBytes };
    const pieces = createReadStream(fetched.file, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
    await takeLayer({ ...taking, layer: { ...layer, descriptor: tar } }, { pieces, arrived: () => true });
    return true;
  } catch (error) {
    if (options.signal.aborted || isDiskFull(error)) throw error;
    return false;
  }
}

type Taking = { images: Images; options: PullLayers; layer: Layer; slots: Slots };

async function takeDownload(taking: Taking, download: Download): Promise<void> {
  const { progress, signal } = taking.options;
  const { id, descriptor } = taking.layer;
  let arrived = false;
  download.watch((bytes) => {
    if (bytes < descriptor.size) progress.count(id, "Downloading", bytes, descriptor.size);
    else if (!arrived) {
      arrived = true;
      for (const status of ["Verifying Checksum", "Download complete"])
        void progress.say(id, status).catch(() => undefined);
    }
  });
  await takeLayer(taking, { pieces: download.read(signal), file: download.path, arrived: () => arrived });
}

type Bytes = { pieces: AsyncIterable<Uint8Array>; file?: string; arrived(): boolean };

async function takeLayer({ images, options, layer, slots }: Taking, { pieces, file, arrived }: Bytes): Promise<void> {
  const { lease, progress, signal } = options;
  const { diffId, parent, id } = layer;
  const { digest, size } = layer.descriptor;
  using _slot = await slots.acquire(signal);
  const request = { blob: { digest, sizeBytes: size }, diffId, parent, lease, signal };
  await using intake = await openLayer(images, file === undefined ? request : { ...request, file });
  if (!intake) return; // another pull brought it
  let taken = 0;
  for await (const piece of pieces) {
    await intake.write(piece);
    taken += piece.byteLength;
    if (arrived()) progress.count(id, "Extracting", taken, size);
  }
  await intake.commit();
}

/** What came before it may well be right. */
function isOfNetwork(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code);
  return code.startsWith("registry.") && code !== "registry.digest_mismatch";
}

function isDiskFull(error: unknown): boolean {
  const { code, details } = error as { code?: unknown; details?: { errno?: unknown } };
  return code === "ENOSPC" || Math.abs(Number(details?.errno)) === 28;
}
