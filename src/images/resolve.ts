/** Image for a container: answered from memory, since a start waits for it. */
import type { Digest } from "../base/digest.ts";
import type { ImageConfig } from "./config/image-config.ts";
import { hostPlatform, parsePlatform, platformMatches } from "./config/platform.ts";
import { noSuchImage } from "./errors.ts";
import type { Images } from "./images.ts";
import type { Image } from "./store/image-store.ts";

export type ResolvedImage = {
  id: Digest;
  /** As it was asked for. */
  reference: string;
  config: ImageConfig;
  /** Unpacked layers, topmost first. */
  lowers: string[];
};

export type ImageResolver = {
  /** By name, digest or id. Throws Docker's "No such image". */
  resolve(reference: string, platform?: string): ResolvedImage;
  /** By full id, though its names are gone and it is kept by containers only. */
  byId(id: string): ResolvedImage;
  /** While held, an image can lose its names but not its layers. Both are idempotent per container. */
  hold(imageId: string, containerId: string): void;
  release(imageId: string, containerId: string): void;
};

const maxCached = 256;

export function createImageResolver(images: Images): ImageResolver {
  const { store, holds } = images;
  const cache = new Map<string, ResolvedImage>();
  let generation = store.generation;
  const make = (image: Image, reference: string): ResolvedImage => ({
    id: image.id,
    reference,
    config: image.file.config,
    lowers: store.snapshotter.lowers(image.chainIds),
  });
  const find = (reference: string, platform: string): ResolvedImage => {
    const image = store.find(reference);
    const wanted = parsePlatform(platform);
    const { file } = image;
    const given = {
      os: file.os,
      architecture: file.architecture || hostPlatform().architecture,
      variant: file.variant,
    };
    if (wanted !== null && !platformMatches(wanted, given)) throw noSuchImage(`${reference} for ${platform}`);
    return make(image, reference);
  };
  return {
    resolve(reference, platform = "") {
      if (generation !== store.generation || cache.size > maxCached) {
        cache.clear();
        generation = store.generation;
      }
      const key = platform === "" ? reference : `${reference}\n${platform}`;
      let resolved = cache.get(key);
      if (resolved === undefined) {
        resolved = find(reference, platform);
        cache.set(key, resolved);
      }
      return resolved;
    },
    byId(id) {
      const image = store.byId(id);
      if (!image) throw noSuchImage(id);
      return make(image, id);
    },
    hold: holds.hold,
    release: holds.release,
  };
}
