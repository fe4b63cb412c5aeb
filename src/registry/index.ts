/** The store as an OCI registry. */
import type { BlobKeeper } from "../images/index.ts";
import type { RegistryTable } from "./table.ts";

export { createRegistry, type Registry, type RegistryDeps } from "./registry.ts";
export { registryRoutes } from "./routes.ts";
export { openRegistryTable, type RegistryTable } from "./table.ts";

/** What repositories hold is not collected with images. */
export function registryKeeper(table: RegistryTable): BlobKeeper {
  return { keeps: table.holds, all: table.contents };
}
