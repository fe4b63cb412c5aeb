/** Networks: bridges with published ports, macvlan, ipvlan, host, none. README.md says where to start. */

export { type AddressPool, defaultPools, poolFault } from "./address/choose-subnet.ts";
export { createNameService, type NameServiceOptions } from "./dns/create-name-service.ts";
export { type DoctorDeps, doctorRoutes } from "./doctor/routes.ts";
export { networkMigrations } from "./migrations.ts";
export type { EndpointSettings } from "./model/use.ts";
export type { NamedEndpoint, NameService } from "./name-service.ts";
export {
  createNetworks,
  type NamedContainer,
  type Networks,
  type NetworksOptions,
  type PreparedNetwork,
} from "./networks.ts";
export { parsePublish } from "./ports/parse-publish.ts";
export { type ContainersOfNetworks, networkRoutes } from "./routes.ts";
export type { PortBinding, PortMap } from "./schema.ts";
export { networkId } from "./view/ids.ts";
export type { Attached } from "./view/network-json.ts";
