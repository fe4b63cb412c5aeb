/** Images: references, archives, the content-addressed store, unpacked layers. */

export type { ImageConfig } from "./config/image-config.ts";
export type { CommitSource, CommitSources, ImageUses, Registry } from "./dependencies.ts";
export { type Images, type ImagesDeps, openImages } from "./images.ts";
export { createImageResolver, type ImageResolver, type ResolvedImage } from "./resolve.ts";
export { imageRoutes } from "./routes.ts";
export { sweepImages } from "./sweep.ts";
export { listImages } from "./verbs/list.ts";
