/** Makes a network: everything that can be wrong is found out before anything is kept. */
import { randomBytes } from "node:crypto";
import { type AddressPool, chooseSubnet, uniqueLocalPool } from "../address/choose-subnet.ts";
import type { HostNetwork } from "../address/host.ts";
import { type Family, formatSubnet, parseSubnet, type Subnet } from "../address/ip.ts";
import {
  interfaceTaken,
  invalidNetwork,
  missingDriver,
  networkExists,
  noBridge,
  noFreeSubnet,
  unsupportedNetwork,
} from "../errors.ts";
import type { Bridges } from "../host/bridges.ts";
import { refuseTaken } from "../host/conflict.ts";
import { holdsAgainstRivals } from "../host/rival.ts";
import { type LinkSettings, type Network, subnetsOf } from "../model/network.ts";
import type { NetworkStore } from "../model/store.ts";
import { createNaming, type NetworkNames } from "../names.ts";
import { parseOptions } from "./options.ts";
import { parseCreateNetwork } from "./parse-create.ts";
import { planPools } from "./plan-pools.ts";
import { createSettle, maxChoices, type SettleVerb } from "./settle.ts";

export type CreateOptions = {
  store: NetworkStore;
  bridges: Bridges;
  host: HostNetwork;
  names: NetworkNames;
  tag: string;
  pools: readonly AddressPool[];
  withoutBridge: string | null;
  now(): number;
  /** Tries a driver in a namespace of its own. */
  probe(driver: "macvlan" | "ipvlan"): Promise<{ ok: boolean; detail: string }>;
};

export type CreateNetworkVerb = {
  create(body: unknown): Promise<Network>;
  /** The default bridge gets its subnet when it is needed, and another when the host needs that and nobody else does. */
  settle: SettleVerb;
};

export function createCreate(options: CreateOptions): CreateNetworkVerb {
  const { store, bridges, host, names, tag, now, probe, withoutBridge } = options;
  const ownLinks = () => new Set(store.all().map(({ link }) => link.bridge));
  const nextBridge = createNaming(names.bridge, (name) => ownLinks().has(name) || host.hasLink(name));

  const choose = (family: Family, tried: readonly Subnet[]): Subnet => {
    const taken = [...host.subnets(), ...store.all().flatMap(subnetsOf), ...tried];
    const pools = options.pools.filter(({ base }) => parseSubnet(base)?.family === family);
    const usable = pools.length === 0 && family === 6 ? [uniqueLocalPool(tag)] : pools;
    return chooseSubnet(usable, tag, taken);
  };

  const place = async (link: LinkSettings, driver: Network["driver"], internal: boolean): Promise<LinkSettings> => {
    if (driver === "bridge") {
      if (link.bridge === "") return { ...link, bridge: nextBridge() };
      const holder = store.all().find((network) => network.link.bridge === link.bridge);
      if (holder) throw invalidNetwork(`bridge name ${link.bridge} is that of network ${holder.name}`);
      if (host.hasLink(link.bridge)) throw interfaceTaken(link.bridge);
      return link;
    }
    if (driver !== "macvlan" && driver !== "ipvlan") return link;
    if (internal) throw unsupportedNetwork("--internal", `driver ${driver} leads to its parent's network by nature`);
    if (link.parent === "") throw invalidNetwork(`driver ${driver} needs the host's interface`, "add -o parent=eth0");
    if (!host.hasLink(link.parent))
      throw invalidNetwork(
        `there is no interface ${link.parent} for -o parent`,
        link.parent.includes(".") ? "make the VLAN's interface first: ip link add … type vlan" : undefined,
      );
    const { ok, detail } = await probe(driver);
    if (!ok) throw missingDriver(driver, detail);
    return link;
  };

  const create = async (body: unknown): Promise<Network> => {
    const request = parseCreateNetwork(body);
    const { name, driver, ipv4, ipv6, internal, attachable, configs, labels } = request;
    if (withoutBridge !== null) throw noBridge(name, withoutBridge);
    if (store.byName(name)) throw networkExists(name);
    const link = await place(parseOptions(driver, request.options), driver, internal);
    const named = new Set(configs.flatMap(({ Subnet }) => formatted(Subnet)));
    const tried: Subnet[] = [];
    for (;;) {
      const pools = planPools({ ipv4, ipv6, configs, choose: (family) => choose(family, tried) });
      for (const { subnet } of pools) {
        const parsed = parseSubnet(subnet);
        // A macvlan network is meant to be the one that its parent is in.
        if (parsed && named.has(subnet))
          refuseTaken(parsed, store.all(), driver === "bridge" ? host.routes() : [], ownLinks());
      }
      const network: Network = {
        id: randomBytes(32).toString("hex"),
        ...{ name, driver, ipv4, ipv6, internal, attachable, pools, labels, link },
        createdMs: now(),
        predefined: false,
        configured: configs.length > 0,
        options: request.options,
      };
      const chosen = subnetsOf({ ...network, pools: pools.filter(({ subnet }) => !named.has(subnet)) });
      if (await stand(network, chosen)) return network;
      tried.push(...chosen);
      if (tried.length >= maxChoices) throw noFreeSubnet(tried.map(formatSubnet).join(", "));
    }
  };

  /** Keeps and makes it; false, and nothing is left, when another daemon chose one of `chosen` at the same moment. */
  const stand = async (network: Network, chosen: readonly Subnet[]): Promise<boolean> => {
    store.add(network);
    try {
      if (network.driver !== "bridge") return true;
      await bridges.ensure(network);
      if (await holdsAgainstRivals({ tag, subnets: chosen, ownLinks: ownLinks() }, host)) return true;
    } catch (error) {
      await bridges.remove([network]).catch(() => undefined);
      store.remove(network);
      throw error;
    }
    await bridges.remove([network]);
    store.remove(network);
    return false;
  };

  return {
    create,
    settle: createSettle({ store, bridges, host, tag, now, ownLinks, choose: (tried) => choose(4, tried) }),
  };
}

function formatted(text: string): string[] {
  const subnet = parseSubnet(text);
  return subnet ? [formatSubnet(subnet)] : [];
}
