/** Local volumes. */
export { type ContainerVolumes, createContainerVolumes } from "./for-containers.ts";
export { volumeBody, volumeRoutes } from "./routes.ts";
export type { VolumeRequest } from "./schema.ts";
export { openVolumes, type Volume, type Volumes, type VolumesDeps } from "./volumes.ts";
