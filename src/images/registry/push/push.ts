/** POST /images/{name}/push: an image of the store to a registry, with the manifest that it came with. */
import { shortId } from "../../../base/ids.ts";
import { imageManifest } from "../../archive/image-manifest.ts";
import { noSuchImage } from "../../errors.ts";
import { imageEvent } from "../../image-event.ts";
import type { Images } from "../../images.ts";
import type { Progress } from "../../progress.ts";
import { canonicalName, familiarName, type Reference } from "../../reference/reference.ts";
import type { Image } from "../../store/image-store.ts";
import type { Credentials } from "../auth/credentials.ts";
import { openClient, type RegistryClient } from "../client.ts";
import { type Manifest, parseContent } from "../content/manifest.ts";
import { isForeignLayerType } from "../content/media-types.ts";
import { eachOf } from "../each-of.ts";
import { pushDenied } from "../errors.ts";
import type { KeptManifests } from "../kept-manifests.ts";
import { createLayerProgress, type LayerProgress } from "../pull/layer-progress.ts";
import type { Registries } from "../registries.ts";
import { isDenied, putManifest } from "./put-manifest.ts";
import { type UploadSource, uploadBlob } from "./upload-blob.ts";

export type PushOptions = { credentials: Credentials; progress: Progress; signal: AbortSignal };

const uploadsAtOnce = 4;
const maxNeighbours = 3;

/** `name` without a tag: every tag of the repository. */
export async function pushImages(
  images: Images,
  registries: Registries,
  name: Reference,
  { credentials, progress, signal }: PushOptions,
): Promise<void> {
  const pushed = taggedImages(images, name);
  if (pushed.length === 0) throw noSuchImage(familiarName(name));
  const client = openClient(name, { credentials, settings: registries.settings, push: true });
  await progress.send({ status: `The push refers to repository [${name.domain}/${name.path}]` });
  try {
    for (const { image, reference } of pushed)
      await pushImage(images, registries, { image, reference, client, progress, signal });
  } catch (error) {
    throw isDenied(error) ? pushDenied(name) : error;
  }
}

function taggedImages({ store }: Images, { domain, path, tag }: Reference): { image: Image; reference: Reference }[] {
  return store
    .list()
    .flatMap((image) =>
      image.references
        .filter(
          (one) => one.domain === domain && one.path === path && one.tag !== null && (tag === null || one.tag === tag),
        )
        .map((reference) => ({ image, reference })),
    );
}

type PushImage = {
  image: Image;
  reference: Reference;
  client: RegistryClient;
  progress: Progress;
  signal: AbortSignal;
};

async function pushImage(images: Images, registries: Registries, options: PushImage): Promise<void> {
  const { image, reference, client, progress, signal } = options;
  const { settings, manifests } = registries;
  using _lease = images.leases.take(image.chainIds);
  const manifest = manifestOf(images, manifests, image);
  const layerProgress = createLayerProgress(progress);
  const sent = [
    ...manifest.layers.map((layer, at) => ({ ...layer, id: shortId(image.file.diffIds[at] ?? layer.digest) })),
    { ...manifest.config, id: null },
  ].filter(({ mediaType }) => !isForeignLayerType(mediaType));
  const unique = [...new Map(sent.map((blob) => [blob.digest, blob])).values()];
  for (const { id } of unique) if (id !== null) await layerProgress.say(id, "Preparing");
  await eachOf(unique, uploadsAtOnce, signal, async ({ digest, size, id }, stop) => {
    const done = await uploadBlob(client, {
      source: storeSource(images, digest, size),
      neighbours: neighboursOf(images, reference, digest),
      ...{ settings, signal: stop },
      onProgress: (bytes) => id !== null && layerProgress.count(id, "Pushing", bytes, size),
    });
    if (id !== null) await tellDone(layerProgress, id, done);
  });
  await putManifest(client, manifest, reference.tag ?? manifest.digest, signal);
  manifests.keep(image.id, manifest, images.now());
  const named = canonicalName({ ...reference, tag: null, digest: manifest.digest });
  if (!image.references.some((one) => canonicalName(one) === named)) {
    images.store.table.setName(named, image.id, images.now());
    images.store.refresh();
  }
  imageEvent(images, "push", image.id, familiarName(reference));
  const facts = { Tag: reference.tag ?? "", Digest: manifest.digest, Size: manifest.bytes.byteLength };
  await progress.send({ status: `${facts.Tag}: digest: ${facts.Digest} size: ${facts.Size}` });
  await progress.send({ progressDetail: {}, aux: facts });
}

/** With which it came; where it was made here, the one that its layers make. */
export function manifestOf({ store }: Images, manifests: KeptManifests, image: Image): Manifest {
  const kept = manifests.of(store, image);
  if (kept) return kept;
  const { bytes, descriptor } = imageManifest(store, image);
  const content = parseContent(bytes, descriptor.mediaType, image.id);
  if (content.kind !== "manifest") throw new Error("the manifest of an image is an index");
  return content;
}

export function storeSource({ store }: Images, digest: UploadSource["digest"], sizeBytes: number): UploadSource {
  return {
    ...{ digest, sizeBytes },
    async read(offset, length) {
      const wanted = Math.min(length, sizeBytes - offset);
      return Buffer.concat(await Array.fromAsync(store.blobs.open(digest, { offset, length: wanted })));
    },
  };
}

/** Other repositories of the registry that had images with this blob, as far as our own names tell. */
function neighboursOf({ store }: Images, target: Reference, blob: string): string[] {
  const found = new Set<string>();
  for (const image of store.list()) {
    const has = image.id === blob || image.chainIds.some((chainId) => store.table.layer(chainId)?.blob === blob);
    if (!has) continue;
    for (const { domain, path, digest } of image.references)
      if (digest !== null && domain === target.domain && path !== target.path) found.add(path);
  }
  return [...found].slice(0, maxNeighbours);
}

async function tellDone(
  progress: LayerProgress,
  id: string,
  done: Awaited<ReturnType<typeof uploadBlob>>,
): Promise<void> {
  const texts = {
    present: "Layer already exists",
    sent: "Pushed",
    mounted: done.how === "mounted" ? `Mounted from ${done.from}` : "",
  };
  await progress.say(id, texts[done.how]);
}
