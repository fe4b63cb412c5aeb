/** Networks: the default bridge with published ports, host, none. README.md says where to start. */

export { createNameService, type NameServiceOptions } from "./dns/create-name-service.ts";
export { type DoctorDeps, doctorRoutes } from "./doctor/routes.ts";
export { networkMigrations } from "./migrations.ts";
export type { NamedEndpoint, NameService } from "./name-service.ts";
export {
  createNetworks,
  type Networks,
  type NetworksOptions,
  type PreparedNetwork,
} from "./networks.ts";
export { parsePublish } from "./ports/parse-publish.ts";
export { networkRoutes } from "./routes.ts";
export type { PortBinding, PortMap } from "./schema.ts";
export { networkId } from "./view/ids.ts";
export type { Attached } from "./view/network-json.ts";
