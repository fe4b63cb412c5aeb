/** Image for a container: answered from memory where it can be, since a start waits for it. */
import type { Digest } from "../base/digest.ts";
import type { LayerStack } from "../engines/index.ts";
import type { ImageConfig } from "./config/image-config.ts";
import { hostPlatform, parsePlatform, platformMatches } from "./config/platform.ts";
import { noSuchImage } from "./errors.ts";
import type { Images } from "./images.ts";
import { makeReady } from "./layers/make-ready.ts";
import type { LayerId } from "./layers/snapshotter.ts";
import type { Image } from "./store/image-store.ts";

export type ResolvedImage = {
  id: Digest;
  /** As it was asked for. */
  reference: string;
  config: ImageConfig;
  sizeBytes: number;
  /** What its containers mount. */
  layers: LayerStack;
};

export type ImageResolver = {
  /** By name, digest or id. Throws Docker's "No such image". A promise where its layers have to be made ready first. */
  resolve(reference: string, platform?: string): ResolvedImage | Promise<ResolvedImage>;
  /** By full id, though its names are gone and it is kept by containers only. */
  byId(id: string): ResolvedImage | Promise<ResolvedImage>;
  /** While held, an image can lose its names but not its layers. Both are idempotent per container. */
  hold(imageId: string, containerId: string): void;
  release(imageId: string, containerId: string): void;
};

const maxCached = 256;

export function createImageResolver(images: Images): ImageResolver {
  const { store, holds } = images;
  const found = new Map<string, Image>();
  /** By image id: layers that were seen to be there in today's form. */
  const ready = new Map<string, readonly LayerId[]>();
  let generation = store.generation;

  const make = (image: Image, reference: string): ResolvedImage | Promise<ResolvedImage> => {
    const { id, sizeBytes } = image;
    const { config } = image.file;
    const known = ready.get(id);
    const rows = known ? [] : store.layersOf(image);
    const layers = known ? store.snapshotter.open(known) : makeReady(images, rows);
    const finish = (stack: LayerStack): ResolvedImage => {
      if (!known && generation === store.generation) ready.set(id, rows);
      return { id, reference, config, sizeBytes, layers: stack };
    };
    return layers instanceof Promise ? layers.then(finish) : finish(layers);
  };
  const find = (reference: string, platform: string): Image => {
    const image = store.find(reference);
    const wanted = parsePlatform(platform);
    const { file } = image;
    const given = {
      os: file.os,
      architecture: file.architecture || hostPlatform().architecture,
      variant: file.variant,
    };
    if (wanted !== null && !platformMatches(wanted, given)) throw noSuchImage(`${reference} for ${platform}`);
    return image;
  };
  const refresh = () => {
    if (generation === store.generation && found.size <= maxCached) return;
    found.clear();
    ready.clear();
    generation = store.generation;
  };
  return {
    resolve(reference, platform = "") {
      refresh();
      const key = platform === "" ? reference : `${reference}\n${platform}`;
      let image = found.get(key);
      if (image === undefined) {
        image = find(reference, platform);
        found.set(key, image);
      }
      return make(image, reference);
    },
    byId(id) {
      refresh();
      const image = store.byId(id);
      if (!image) throw noSuchImage(id);
      return make(image, id);
    },
    hold: holds.hold,
    release: holds.release,
  };
}
