/** Images: references, archives, the content-addressed store, unpacked layers. */

export { baseImageName, makeBaseImage } from "./base-image/make-base-image.ts";
export type { ImageConfig } from "./config/image-config.ts";
export type { CommitSource, CommitSources, ImageUse, ImageUses, Registry } from "./dependencies.ts";
export { type Images, type ImagesDeps, openImages } from "./images.ts";
export { familiarName, parseReference, type Reference, withDefaultTag } from "./reference/reference.ts";
export { createImageResolver, type ImageResolver, type ResolvedImage } from "./resolve.ts";
export { imageRoutes } from "./routes.ts";
export { sweepImages } from "./sweep.ts";
export { type ImageSummary, listImages } from "./verbs/list.ts";
