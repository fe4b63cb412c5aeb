/** Images: references, archives, the content-addressed store, unpacked layers. */

export { type BlobDescriptor, type ImageManifest, imageManifest } from "./archive/image-manifest.ts";
export { type ChunkList, encodeChunks } from "./chunks/chunk-list.ts";
export type { ChunkLists } from "./chunks/chunk-lists.ts";
export { copyPieces } from "./chunks/copy-pieces.ts";
export type { ImageConfig } from "./config/image-config.ts";
export type { CommitSource, CommitSources, ImageUses } from "./dependencies.ts";
export { type Images, type ImagesDeps, openImages } from "./images.ts";
export { chooseStorageDriver, type StorageChoice } from "./layers/choose-storage-driver.ts";
export { familiarRepository, type Reference } from "./reference/reference.ts";
export { chunksHeader, chunksType } from "./registry/chunks/fetch-by-chunks.ts";
export { type KeptManifests, openKeptManifests } from "./registry/kept-manifests.ts";
export { defaultRegistrySettings, type RegistrySettings } from "./registry/settings.ts";
export { createImageResolver, type ImageResolver, type ResolvedImage } from "./resolve.ts";
export { imageRoutes } from "./routes.ts";
export type { BlobStore } from "./store/blob-store.ts";
export { keepBudgets } from "./store/budgets.ts";
export type { Image } from "./store/image-store.ts";
export { type BlobKeeper, dropBlob } from "./store/kept-blobs.ts";
export { type StoreUsage, storeUsage } from "./store/usage.ts";
export { sweepImages } from "./sweep.ts";
export { listImages } from "./verbs/list.ts";
