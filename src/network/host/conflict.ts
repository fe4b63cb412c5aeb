/** What stands in the way of a subnet: another network of ours, or a route of the host. */
import type { HostRoute } from "../address/host.ts";
import { encloses, formatSubnet, overlaps, type Subnet } from "../address/ip.ts";
import { subnetTaken } from "../errors.ts";
import { type Network, subnetsOf } from "../model/network.ts";

/** A route that is broader than the subnet is no conflict for one that a person named: the narrower one wins. */
export function refuseTaken(
  subnet: Subnet,
  networks: readonly Network[],
  routes: readonly HostRoute[],
  ownLinks: ReadonlySet<string>,
): void {
  for (const network of networks) {
    const other = subnetsOf(network).find((one) => overlaps(one, subnet));
    if (other) throw subnetTaken(formatSubnet(subnet), `network ${network.name} (${formatSubnet(other)})`);
  }
  const route = routes.find(
    ({ link, subnet: other }) => !ownLinks.has(link) && link !== "lo" && encloses(subnet, other),
  );
  if (route)
    throw subnetTaken(formatSubnet(subnet), `the host's route to ${formatSubnet(route.subnet)} by ${route.link}`);
}
