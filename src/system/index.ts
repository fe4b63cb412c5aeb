/** The daemon about itself and its host. */
export type { BuildFacts, ContainerCounts, ContainerTotals, ImageTotals, VolumeTotals } from "./dependencies.ts";
export type { CheckResult } from "./doctor/findings.ts";
export { type HostFacts, readHostFacts } from "./host-facts.ts";
export { type SystemDeps, systemRoutes } from "./routes.ts";
