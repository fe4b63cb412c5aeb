/** Ids of networks and endpoints: derived, so that they are the same in every answer and after a restart. */
import { createHash } from "node:crypto";

export function networkId(tag: string, name: string): string {
  return createHash("sha256").update(`network ${tag} ${name}`).digest("hex");
}

export function endpointId(networkId: string, containerId: string): string {
  return createHash("sha256").update(`endpoint ${networkId} ${containerId}`).digest("hex");
}
