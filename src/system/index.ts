/** The daemon about itself and its host. */
export { type SystemDeps, systemRoutes } from "./routes.ts";
