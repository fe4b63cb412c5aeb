/** Which interface leads out of a container with several. */
import type { DefaultRoute, Endpoint } from "../engines/index.ts";
import type { Network } from "./model/network.ts";

/** `ordered`: the preferred way out first. One that has no gateway leads out by the link alone (ipvlan in mode l3). */
export function defaultRoutes(ordered: readonly { endpoint: Endpoint; network: Network }[]): {
  v4?: DefaultRoute;
  v6?: DefaultRoute;
} {
  const v4 = ordered.find(({ endpoint }) => endpoint.gateway !== "")?.endpoint;
  const v6 = ordered.find(({ endpoint }) => endpoint.gateway6 !== "")?.endpoint;
  return {
    ...(v4 ? { v4: { interface: v4.interface, via: v4.gateway } } : {}),
    ...(v6 ? { v6: { interface: v6.interface, via: v6.gateway6 } } : {}),
  };
}
