/** The Engine API for a program that is not trusted. */
export type { Objects } from "./dependencies.ts";
export { socketRoutes } from "./routes.ts";
export { createSockets, type Sockets } from "./sockets.ts";
