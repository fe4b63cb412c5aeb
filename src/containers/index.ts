/** Containers: create, start, attach, exec, logs, wait, remove and what else the Docker Engine API says of them. */

export type { CommitSource } from "./archive/commit-source.ts";
export type {
  Clock,
  ContainerDefaults,
  GuestFiles,
  GuestFilesRequest,
  ImageForContainer,
  ImageProvider,
  Jobs,
  NetworkProvider,
  ProcessPlanner,
  VolumeForContainer,
  VolumeProvider,
  VolumeRequest,
} from "./dependencies.ts";
export {
  type ContainerSummary,
  type Containers,
  type ContainersDeps,
  createContainers,
  type LivingContainer,
} from "./feature.ts";
export { type CreateRequest, parseCreateRequest } from "./schema/create-request.ts";
export type { HostConfig, PortMap } from "./schema/host-config.ts";
export type { EndpointSettings } from "./schema/networking.ts";
export { parseUpdate, type Update } from "./schema/parse-update.ts";
