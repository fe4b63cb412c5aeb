/** The network for which places to run are kept ready from the beginning. */
import type { NetworkRequest } from "../engines/index.ts";

export function warmNetwork(rootless: boolean, bridge: string): NetworkRequest {
  return rootless ? { kind: "none" } : { kind: "network", network: bridge };
}
