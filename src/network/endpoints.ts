/** Interfaces of containers: their addresses are leased, their links prepared with the container or attached later. */
import type { Endpoint, EndpointWishes, NetAttach, NetOp } from "../engines/index.ts";
import type { HostNetwork } from "./address/host.ts";
import { formatIp, type Ip, macOf, parseIp } from "./address/ip.ts";
import type { LeasePool, Leases } from "./address/leases.ts";
import { networkNotFound } from "./errors.ts";
import type { Bridges } from "./host/bridges.ts";
import { gatewayFor, leasePools, type Network } from "./model/network.ts";
import type { NetworkStore } from "./model/store.ts";
import { createNaming, type NetworkNames } from "./names.ts";

export type EndpointsOptions = {
  store: NetworkStore;
  leases: Leases;
  bridges: Bridges;
  names: NetworkNames;
  host: HostNetwork;
  apply(ops: NetOp[]): Promise<void>;
  /** The network with subnets; the default bridge gets its own now. */
  settle(network: Network): Promise<Network>;
  /** Lets go of places to run that were made ahead for the network: one of them may have the address asked for. */
  drain(networkId: string): Promise<void>;
};

/** Well before an address is given out again. */
const burialMs = 2000;

/** An endpoint and what the core makes of it. */
export type Prepared = { net: NetAttach; endpoint: Endpoint };
export type Endpoints = ReturnType<typeof createEndpoints>;

export function createEndpoints({ store, leases, bridges, names, host, apply, settle, drain }: EndpointsOptions) {
  /** All that live, by what holds their leases. */
  const living = new Map<string, Endpoint>();
  const removing = new Set<string>();
  const waiters = new Set<() => void>();
  /** Released ones whose links were there still: the kernel keeps a namespace while connections of its dead are being ended. */
  const lingering = new Set<string>();
  let burial: Timer | null = null;
  const bury = async (): Promise<void> => {
    burial = null;
    const left = [...lingering].filter((link) => !living.has(link) && host.hasLink(link));
    lingering.clear();
    if (left.length > 0) await apply(left.map((name) => ({ op: "linkDelete", name, missingOk: true })));
  };
  const nextHolder = createNaming(names.vethPrefix, (name) => leases.hasHolder(name) || host.hasLink(name));

  const release = (endpoint: Endpoint): void => {
    living.delete(endpoint.hostInterface);
    for (const text of [endpoint.address, endpoint.address6]) {
      const ip = parseIp(text);
      if (ip) leases.release(endpoint.networkId, ip, endpoint.hostInterface);
    }
    for (const wake of waiters) wake();
    lingering.add(endpoint.hostInterface);
    // Nearly always they go by themselves before that.
    burial ??= setTimeout(() => void bury().catch(() => undefined), burialMs);
    burial.unref();
  };

  const lease = async (network: Network, wishes: EndpointWishes, holder: string): Promise<Ip[]> => {
    const taken: Ip[] = [];
    const take = async (pool: LeasePool): Promise<void> => {
      const asked = parseIp((pool.subnet.family === 4 ? wishes.address : wishes.address6) ?? "");
      if (asked === null) {
        taken.push(leases.claim(pool, holder));
        return;
      }
      if (leases.holderOf(network.id, asked) !== null) await drain(network.id);
      const before = leases.claimExactly(pool, asked, holder);
      taken.push(asked);
      // The kernel may still be burying its last user.
      if (before !== null && before !== holder) await apply([{ op: "linkDelete", name: before, missingOk: true }]);
    };
    try {
      const pools = leasePools(network);
      for (const pool of pools) {
        const { family } = pool.subnet;
        const done = taken.some((ip) => ip.family === family);
        const elsewhere = pools.some((other) => other.subnet.family === family && wantsFrom(other, wishes));
        if (!done && (wantsFrom(pool, wishes) || !elsewhere)) await take(pool);
      }
      return taken;
    } catch (error) {
      for (const ip of taken) leases.release(network.id, ip, holder);
      throw error;
    }
  };

  const create = async (networkId: string, wishes: EndpointWishes, number: number): Promise<Prepared> => {
    const found = store.byId(networkId);
    if (!found || removing.has(networkId)) throw networkNotFound(found?.name ?? networkId);
    const network = await settle(found);
    const holder = nextHolder();
    const addresses = await lease(network, wishes, holder);
    const prepared = describe(network, { addresses, wishes, holder, name: `${network.link.interfacePrefix}${number}` });
    living.set(holder, prepared.endpoint);
    try {
      if (network.driver === "bridge") await bridges.ensure(network);
    } catch (error) {
      release(prepared.endpoint);
      throw error;
    }
    return prepared;
  };

  return {
    /** For a place to run that is being made. */
    create: (networkId: string, wishes: EndpointWishes) => create(networkId, wishes, 0),

    /** For a container that is there: in its namespace, under a name that is free there. */
    async attach(
      networkId: string,
      wishes: EndpointWishes,
      namespace: string,
      used: readonly Endpoint[],
    ): Promise<Endpoint> {
      const taken = new Set(used.map((endpoint) => endpoint.interface));
      const prefix = store.byId(networkId)?.link.interfacePrefix ?? "";
      let number = 0;
      while (taken.has(`${prefix}${number}`)) number += 1;
      const { net, endpoint } = await create(networkId, wishes, number);
      // Which default route counts is decided once all interfaces are there.
      const { gateway: _, gateway6: __, ...quiet } = net;
      try {
        await apply([{ op: "attach", namespace, net: quiet }]);
      } catch (error) {
        release(endpoint);
        throw error;
      }
      return endpoint;
    },

    async attachAgain(endpoint: Endpoint, namespace: string): Promise<void> {
      const network = store.byId(endpoint.networkId);
      if (network?.driver !== "bridge" || !living.has(endpoint.hostInterface)) return;
      await bridges.ensure(network);
      const addresses = [endpoint.address, endpoint.address6].flatMap((text) => parseIp(text) ?? []);
      const { hostInterface: holder, interface: name, mac } = endpoint;
      const { net } = describe(network, { addresses, wishes: { mac }, holder, name });
      const { gateway: _, gateway6: __, ...quiet } = net;
      if (!host.hasLink(holder)) await apply([{ op: "attach", namespace, net: quiet }]);
    },

    /** Takes the interface away; the address rests. */
    async detach(endpoint: Endpoint, namespace: string): Promise<void> {
      const onBridge = store.byId(endpoint.networkId)?.driver === "bridge";
      await apply([
        onBridge
          ? { op: "linkDelete", name: endpoint.hostInterface, missingOk: true }
          : { op: "detach", namespace, interface: endpoint.interface },
      ]);
      release(endpoint);
    },

    release,

    /** Those of an earlier daemon's containers. */
    adopt(endpoints: readonly Endpoint[]): void {
      for (const endpoint of endpoints) living.set(endpoint.hostInterface, endpoint);
      leases.keepOnly(
        endpoints.flatMap(({ networkId: network, address, address6, hostInterface: holder }) =>
          [address, address6].flatMap((text) => parseIp(text) ?? []).map((ip) => ({ network, address: ip, holder })),
        ),
      );
    },

    /** Takes away links of the released that are there still. */
    async settle(): Promise<void> {
      if (burial) clearTimeout(burial);
      await bury();
    },

    networkOf: (hostInterface: string): string | undefined => living.get(hostInterface)?.networkId,
    isLiving: (hostInterface: string): boolean => living.has(hostInterface),

    /** Host ends on a bridge. */
    ports: ({ id }: Network): string[] =>
      [...living.values()].filter(({ networkId }) => networkId === id).map(({ hostInterface }) => hostInterface),

    /** While `work` runs the network gives out no addresses. Waits until those that are ending have let go of theirs. */
    async closed<T>(network: Network, limitMs: number, work: (free: boolean) => Promise<T>): Promise<T> {
      removing.add(network.id);
      try {
        await drain(network.id);
        return await work(await untilFree(network, limitMs));
      } finally {
        removing.delete(network.id);
      }
    },
  };

  function untilFree({ id }: Network, limitMs: number): Promise<boolean> {
    if (leases.count(id) === 0) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const check = (): void => {
      if (leases.count(id) === 0) resolve(true);
    };
    waiters.add(check);
    const timer = setTimeout(() => resolve(false), limitMs);
    return promise.finally(() => {
      waiters.delete(check);
      clearTimeout(timer);
    });
  }
}

function wantsFrom({ subnet }: LeasePool, { address = "", address6 = "" }: EndpointWishes): boolean {
  const asked = parseIp(subnet.family === 4 ? address : address6);
  if (asked === null) return false;
  const shift = BigInt((subnet.family === 4 ? 32 : 128) - subnet.prefix);
  return asked.value >> shift === subnet.base >> shift;
}

type Description = { addresses: readonly Ip[]; wishes: EndpointWishes; holder: string; name: string };

function describe(network: Network, { addresses, wishes, holder, name }: Description): Prepared {
  const { link, driver } = network;
  const one = (family: 4 | 6) => {
    const ip = addresses.find((address) => address.family === family);
    const pool = ip && leasePools(network).find(({ subnet }) => subnet.family === family && holds(subnet, ip));
    if (!ip || !pool) return { address: "", prefix: 0, gateway: "" };
    return { address: formatIp(ip), prefix: pool.subnet.prefix, gateway: gatewayFor(network, ip) };
  };
  const [v4, v6] = [one(4), one(6)];
  const first = addresses[0];
  const mac = wishes.mac?.toLowerCase() ?? (first && driver !== "ipvlan" ? macOf(first) : "");
  const guest = {
    interface: name,
    mtu: link.mtu,
    ...(mac === "" ? {} : { mac }),
    addresses: [
      ...[v4, v6].filter(({ address }) => address !== "").map(({ address, prefix }) => `${address}/${prefix}`),
      ...(wishes.linkLocal ?? []).map((text) => `${text}/${text.includes(":") ? 64 : 16}`),
    ],
    ...(v4.gateway === "" ? {} : { gateway: v4.gateway }),
    ...(v6.gateway === "" ? {} : { gateway6: v6.gateway }),
  };
  const net: NetAttach =
    driver === "macvlan" || driver === "ipvlan"
      ? { kind: driver, parent: link.parent, mode: link.mode, ...guest }
      : { kind: "veth", bridge: link.bridge, hostIf: holder, ...(link.icc ? {} : { isolated: true }), ...guest };
  const endpoint: Endpoint = {
    network: network.name,
    networkId: network.id,
    interface: name,
    hostInterface: holder,
    mac,
    ...{ address: v4.address, prefixLength: v4.prefix, gateway: v4.gateway },
    ...{ address6: v6.address, prefixLength6: v6.prefix, gateway6: v6.gateway },
  };
  return { net, endpoint };
}

function holds({ family, base, prefix }: LeasePool["subnet"], { value }: Ip): boolean {
  const shift = BigInt((family === 4 ? 32 : 128) - prefix);
  return value >> shift === base >> shift;
}
