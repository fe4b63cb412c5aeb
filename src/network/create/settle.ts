/** The default bridge's subnet: chosen when it is first needed, and ours before the first address of it is given out. */
import type { HostNetwork } from "../address/host.ts";
import { formatSubnet, type Subnet } from "../address/ip.ts";
import { noFreeSubnet } from "../errors.ts";
import type { Bridges } from "../host/bridges.ts";
import { refuseTaken } from "../host/conflict.ts";
import { holdsAgainstRivals } from "../host/rival.ts";
import { type Network, subnetsOf } from "../model/network.ts";
import type { NetworkStore } from "../model/store.ts";
import { planPools } from "./plan-pools.ts";

export type SettleOptions = {
  store: NetworkStore;
  bridges: Bridges;
  host: HostNetwork;
  tag: string;
  now(): number;
  choose(tried: readonly Subnet[]): Subnet;
  ownLinks(): ReadonlySet<string>;
};

/** `inUse`: somebody has an address of it, so that it cannot change. */
export type SettleVerb = (network: Network, inUse: () => boolean) => Promise<Network>;

/** How often a subnet is chosen that another daemon takes at the same moment. */
export const maxChoices = 16;

export function createSettle({ store, bridges, host, tag, now, choose, ownLinks }: SettleOptions): SettleVerb {
  let settling: Promise<Network> | null = null;

  const isFree = (own: Network, subnet: Subnet): boolean => {
    try {
      const others = store.all().filter((network) => network !== own);
      refuseTaken(subnet, others, host.routes(), ownLinks());
      return true;
    } catch {
      return false;
    }
  };

  const withSubnet = (network: Network, tried: readonly Subnet[]): Network => {
    const chosen = choose(tried);
    const [pool] = planPools({ ipv4: true, ipv6: false, configs: [], choose: () => chosen });
    const settled = { ...network, createdMs: network.createdMs || now(), pools: pool ? [pool] : [] };
    store.replace(settled);
    return settled;
  };

  const settle = async (network: Network): Promise<Network> => {
    const [kept] = subnetsOf(network);
    const tried: Subnet[] = [];
    const stays = kept !== undefined && isFree(network, kept);
    // One that an earlier daemon left has the address of then.
    if (!stays && host.hasLink(network.link.bridge)) await bridges.unclaim(network);
    let next = stays ? network : withSubnet(network, tried);
    for (;;) {
      await bridges.claim(next);
      const subnets = subnetsOf(next);
      if (await holdsAgainstRivals({ tag, subnets, ownLinks: ownLinks() }, host)) return next;
      await bridges.unclaim(next);
      tried.push(...subnets);
      if (tried.length >= maxChoices) throw noFreeSubnet(tried.map(formatSubnet).join(", "));
      next = withSubnet(next, tried);
    }
  };

  return async (asked, inUse) => {
    // Shared by all starts that need it at the same moment: none gets an address before the subnet is ours.
    if (settling && asked.predefined && asked.driver === "bridge") return settling;
    const network = store.byId(asked.id) ?? asked;
    if (network.driver !== "bridge" || !network.predefined) return network;
    if (subnetsOf(network).length > 0 && (inUse() || bridges.standing().some(({ id }) => id === network.id)))
      return network;
    settling = settle(network).finally(() => {
      settling = null;
    });
    return settling;
  };
}
