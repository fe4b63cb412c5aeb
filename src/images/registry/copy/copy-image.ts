/** From one place to another without unpacking: blobs first, then the manifests that name them, with the bytes that they have. */
import type { Digest } from "../../../base/digest.ts";
import { shortId } from "../../../base/ids.ts";
import { formatPlatform, hostPlatform, type Platform } from "../../config/platform.ts";
import type { Progress } from "../../progress.ts";
import { choosePlatform, imagesOf } from "../content/choose-platform.ts";
import type { Content, Descriptor } from "../content/manifest.ts";
import { isForeignLayerType, isIndexType, isManifestType } from "../content/media-types.ts";
import { eachOf } from "../each-of.ts";
import { badContent, noPlatform } from "../errors.ts";
import { createLayerProgress, type LayerProgress } from "../pull/layer-progress.ts";
import type { CopySource } from "./source.ts";
import type { CopyTarget } from "./target.ts";

export type CopyOptions = {
  name: string;
  /** Every platform of an index; else the one of `platform`, or the host's. */
  all: boolean;
  platform: Platform | null;
  /** With what refers to it: signatures, inventories. */
  referrers: boolean;
  progress: Progress;
  signal: AbortSignal;
};

const blobsAtOnce = 4;
const maxDepth = 4;

/** Answers the digest under which the copy is found. */
export async function copyImage(source: CopySource, target: CopyTarget, options: CopyOptions): Promise<Digest> {
  const { progress, signal } = options;
  const root = options.all ? source.root : await onePlatform(source, options);
  const copied = new Set<Digest>();
  const state = { source, target, copied, progress: createLayerProgress(progress), options };
  await copyContent(state, root, true, 0);
  signal.throwIfAborted();
  await progress.send({ status: `Digest: ${root.digest}` });
  return root.digest;
}

async function onePlatform(source: CopySource, { name, platform }: CopyOptions): Promise<Content> {
  let content = source.root;
  for (let depth = 0; content.kind === "index"; depth++) {
    if (depth >= maxDepth) throw badContent(name, `its indexes are nested more than ${maxDepth} deep`);
    const wanted = platform ?? hostPlatform();
    const images = imagesOf(content.manifests);
    const only = images.length === 1 && images[0]?.platform === null ? images[0] : null;
    const entry = choosePlatform(images, wanted) ?? only;
    const given = images.flatMap((image) => (image.platform ? [formatPlatform(image.platform)] : []));
    if (!entry) throw noPlatform(name, wanted, given);
    content = await source.content(entry.digest);
  }
  return content;
}

type State = {
  source: CopySource;
  target: CopyTarget;
  copied: Set<Digest>;
  progress: LayerProgress;
  options: CopyOptions;
};

async function copyContent(state: State, content: Content, isRoot: boolean, depth: number): Promise<void> {
  const { source, target, copied, options } = state;
  if (copied.has(content.digest)) return;
  copied.add(content.digest);
  if (depth > maxDepth) throw badContent(options.name, `its indexes are nested more than ${maxDepth} deep`);
  if (content.kind === "index") {
    for (const { digest, mediaType } of content.manifests) {
      if (!isIndexType(mediaType) && !isManifestType(mediaType))
        throw badContent(
          options.name,
          `its index has an entry of the unknown type ${JSON.stringify(mediaType.slice(0, 100))}`,
        );
      await copyContent(state, await source.content(digest), false, depth + 1);
    }
  } else await copyBlobs(state, [...content.layers, content.config]);
  await target.content(content, isRoot);
  if (!options.referrers) return;
  for (const { digest } of await source.referrers(content.digest))
    await copyContent(state, await source.content(digest), false, depth + 1);
}

async function copyBlobs({ source, target, progress, options }: State, all: readonly Descriptor[]): Promise<void> {
  const unique = [...new Map(all.map((blob) => [blob.digest, blob])).values()];
  const own = unique.filter(({ mediaType }) => !isForeignLayerType(mediaType));
  await eachOf(own, blobsAtOnce, options.signal, async (descriptor, signal) => {
    const id = shortId(descriptor.digest);
    await progress.say(id, "Waiting");
    const done = await target.blob({
      descriptor,
      open: () => source.blob(descriptor),
      signal,
      onProgress: (bytes) => progress.count(id, "Copying", bytes, descriptor.size),
    });
    const texts = { present: "Already exists", sent: "Copied", mounted: "Mounted" };
    await progress.say(id, texts[done.how]);
  });
}
