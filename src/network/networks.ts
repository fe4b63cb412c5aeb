/** The networks of one daemon. Nothing on the host is touched before the first container, or a network of one's own, needs it. */
import type { Logger } from "../base/log.ts";
import type { Endpoint, EndpointWishes, NetOp, NetPrepare, NetworkRequest } from "../engines/index.ts";
import type { Database, Events } from "../state/index.ts";
import { type AddressPool, defaultPools } from "./address/choose-subnet.ts";
import { type HostNetwork, systemHostNetwork } from "./address/host.ts";
import { createLeases } from "./address/leases.ts";
import { createCreate } from "./create/create.ts";
import { createEndpoints } from "./endpoints.ts";
import { networkInUse, networkNotFound, predefinedNetwork } from "./errors.ts";
import {
  buildGuestFiles,
  type GuestFiles,
  type GuestFilesRequest,
  type HostFiles,
  systemHostFiles,
} from "./files/guest-files.ts";
import { createBridges } from "./host/bridges.ts";
import { createWatch, type WatchJobs } from "./host/watch.ts";
import { isDefaultBridge, type Network } from "./model/network.ts";
import { createNetworkStore } from "./model/store.ts";
import { byGateway, type EndpointSettings, planUse, refuseAlone, verifySettings } from "./model/use.ts";
import type { NamedEndpoint, NameService } from "./name-service.ts";
import { networkNames } from "./names.ts";
import { createPublisher, publishOps } from "./ports/publish.ts";
import { createReservations } from "./ports/reservations.ts";
import { defaultRoutes } from "./routes-of-guest.ts";
import type { NetworkJson, PortMap } from "./schema.ts";
import { endpointId } from "./view/ids.ts";
import { type Attached, networkJson } from "./view/network-json.ts";

export type NetworksOptions = {
  /** Migrated with `networkMigrations`. */
  db: Database;
  jobs: WatchJobs;
  events: Events;
  logger: Logger;
  /** 8 hex digits of the home's digest. */
  tag: string;
  /** Address on which ports are published when none is named. */
  publishAddress: string;
  /** Where subnets come from when nobody names one. */
  addressPools?: readonly AddressPool[];
  /** Running containers and how they are connected. */
  attached(): readonly Attached[];
  containerName(id: string): string;
  /** Places to run that the engine made ahead for a network. */
  spares: { warm(networkId: string): void; drain(networkId: string): Promise<void> };
  names?: NameService;
  /** A host end is gone: with its container, or deleted by somebody else. */
  lostInterface?(hostInterface: string): void;
  /** Why this daemon can have no bridge; null where it can. */
  withoutBridge?: string | null;
  host?: HostNetwork;
  hostFiles?: HostFiles;
  now?(): number;
};

/** What the engine prepares; the addresses are held until `release` of the endpoint. */
export type PreparedNetwork = { net: NetPrepare; endpoint: Endpoint | null };
export type LiveContainer = { id: string; endpoints: readonly Endpoint[] };
export type Networks = ReturnType<typeof createNetworks>;

const lostLinkMs = 500;
/** A container that has just ended lets go of its addresses within this time. */
const endingMs = 5000;

export function createNetworks(options: NetworksOptions) {
  const {
    db,
    jobs,
    events,
    logger,
    tag,
    publishAddress,
    attached,
    containerName,
    spares,
    withoutBridge = null,
  } = options;
  const {
    host = systemHostNetwork,
    hostFiles = systemHostFiles,
    now = Date.now,
    addressPools = defaultPools,
  } = options;
  const hostNames = networkNames(tag);
  const { table } = hostNames;
  const store = createNetworkStore(db, tag);
  const leases = createLeases(db, now);
  const reservations = createReservations(db);
  const apply = async (ops: NetOp[]): Promise<void> => {
    await jobs.run({ t: "network", ops });
  };
  const bridges = createBridges({
    ...{ db, table, host, apply },
    published: () => publishOps(table, reservations.all()),
    ports: (network) => endpoints.ports(network),
  });
  const watch = createWatch(jobs, table, bridges, (name) => lostLink(name), logger);
  const creating = createCreate({
    ...{ store, bridges, host, tag, withoutBridge, now },
    names: hostNames,
    pools: addressPools,
    async probe(driver) {
      const { ok, detail } = (await jobs.run({ t: "probe", what: driver })) as { ok: boolean; detail: string };
      return { ok, detail };
    },
  });
  const endpoints = createEndpoints({
    ...{ store, leases, bridges, host, apply },
    names: hostNames,
    drain: (id) => spares.drain(id),
    async settle(network) {
      await watch.begin();
      return creating.settle(network, () => leases.count(network.id) > 0);
    },
  });
  const publisher = createPublisher({ reservations, apply: bridges.inTable, table, containerName });
  const tell = (action: string, { id, name, driver }: Network, extra: Record<string, string> = {}): void =>
    events.publish({ type: "network", action, id, attributes: { name, type: driver, ...extra } });

  /** Of a container, or of a place to run that is of no use any more. The end of a container takes its links as well, but lets go of them. */
  const lostLink = (name: string): void => {
    options.lostInterface?.(name);
    const look = setTimeout(() => {
      const network = endpoints.networkOf(name);
      const used = attached().some((one) => one.endpoints.some(({ hostInterface }) => hostInterface === name));
      if (network !== undefined && !used && !host.hasLink(name)) void spares.drain(network);
    }, lostLinkMs);
    look.unref();
  };

  /** Ways out first. */
  const ordered = (list: readonly Endpoint[], priorities: Readonly<Record<string, number>>) =>
    list
      .flatMap((endpoint) => {
        const network = store.byId(endpoint.networkId);
        return network ? [{ endpoint, network, priority: priorities[network.name] ?? 0 }] : [];
      })
      .sort(byGateway);

  const remove = async (network: Network): Promise<void> => {
    await endpoints.closed(network, endingMs, async (free) => {
      const users = attached().filter((one) => one.endpoints.some(({ networkId }) => networkId === network.id));
      if (users.length > 0 || !free)
        throw networkInUse(
          network.name,
          users.map(({ name }) => name),
        );
      if (network.driver === "bridge") await bridges.remove([network]);
      store.remove(network);
      leases.forget(network.id);
    });
    tell("destroy", network);
  };
  const refuseUsed = (network: Network): void => {
    const users = attached().filter((one) => one.endpoints.some(({ networkId }) => networkId === network.id));
    if (users.length > 0)
      throw networkInUse(
        network.name,
        users.map(({ name }) => name),
      );
  };

  return {
    /** Never the host's network: less isolation than asked for has to be asked for. */
    default: { mode: withoutBridge === null ? "bridge" : "none", without: withoutBridge },

    /** Checks what a container asks for; its endpoints by the names of their networks, the primary's first. */
    plan<S extends EndpointSettings>(mode: string, wanted: Readonly<Record<string, S>>, none: S): [string, S][] {
      const { endpoints: planned } = planUse(store, { mode, endpoints: wanted }, none, withoutBridge);
      return planned.map(({ network, settings }) => [network.name, settings]);
    },
    /** For a connection that is made later, to a container in these networks. */
    planConnect(ref: string, settings: EndpointSettings, others: readonly string[]): string {
      const network = store.find(ref);
      refuseAlone(network);
      for (const name of others) refuseAlone(store.find(name));
      verifySettings(network, settings, withoutBridge);
      return network.name;
    },
    request(mode: string, settings: EndpointSettings): NetworkRequest {
      const network = store.find(mode);
      if (network.driver === "host") return { kind: "host" };
      if (network.driver === "null") return { kind: "none" };
      verifySettings(network, settings, withoutBridge);
      const wishes = wishesOf(settings);
      return { kind: "network", network: network.id, ...(wishes ? { wishes } : {}) };
    },
    /** Docker's name of the network; throws when there is none. */
    nameOf: (ref: string): string => store.find(ref).name,
    /** Empty for a network that does not exist. */
    networkId: (name: string): string => store.byName(name)?.id ?? "",
    endpointId: (name: string, containerId: string): string => endpointId(store.byName(name)?.id ?? "", containerId),
    /** Whether containers there are found by name. */
    hasNames: (name: string): boolean => {
      const network = store.byName(name);
      return network !== undefined && !network.predefined;
    },
    /** Whether ports can be published there. */
    canPublish: (name: string): boolean => {
      const network = store.byName(name);
      return network?.driver === "bridge" && !network.internal;
    },

    files: (request: GuestFilesRequest): GuestFiles =>
      buildGuestFiles(request, hostFiles, request.named ? (options.names?.address ?? null) : null),

    /** For the engine: what the core prepares for a spare of this kind. */
    async prepare(request: NetworkRequest): Promise<PreparedNetwork> {
      if (request.kind === "none") return { net: { kind: "none" }, endpoint: null };
      if (request.kind !== "network") return { net: { kind: "host" }, endpoint: null };
      return endpoints.create(request.network, request.wishes ?? {});
    },
    release: (endpoint: Endpoint): void => endpoints.release(endpoint),

    /** A further interface for a container. */
    async attach(
      name: string,
      settings: EndpointSettings,
      namespace: string,
      used: readonly Endpoint[],
    ): Promise<Endpoint> {
      return endpoints.attach(store.find(name).id, wishesOf(settings) ?? {}, namespace, used);
    },
    /** The same interface again, after somebody deleted it; nothing where it is there. */
    attachAgain: (endpoint: Endpoint, namespace: string): Promise<void> => endpoints.attachAgain(endpoint, namespace),
    detach: (endpoint: Endpoint, namespace: string): Promise<void> => endpoints.detach(endpoint, namespace),
    /** Sets the default routes by what is connected now. */
    async route(
      list: readonly Endpoint[],
      priorities: Readonly<Record<string, number>>,
      namespace: string,
    ): Promise<void> {
      await apply([{ op: "defaultRoutes", namespace, ...defaultRoutes(ordered(list, priorities)) }]);
    },

    /** Says who a container is to those that may ask for it by name. */
    async announce(who: NamedContainer, list: readonly Endpoint[]): Promise<void> {
      for (const endpoint of list) {
        const network = store.byId(endpoint.networkId);
        if (!network) continue;
        tell("connect", network, { container: who.containerId });
        const told = options.names?.endpointAdded(named(network, endpoint, who));
        if (!isDefaultBridge(network)) await told;
      }
    },
    /** After a restart of the daemon: nothing happened. */
    async announceAgain(who: NamedContainer, list: readonly Endpoint[]): Promise<void> {
      for (const endpoint of list) {
        const network = store.byId(endpoint.networkId);
        if (network) await options.names?.endpointAdded(named(network, endpoint, who));
      }
    },
    withdraw(containerId: string, list: readonly Endpoint[]): void {
      for (const { networkId } of list) {
        options.names?.endpointRemoved(containerId, networkId);
        const network = store.byId(networkId);
        if (network) tell("disconnect", network, { container: containerId });
      }
    },

    /** Opens the ports, all or none; answers them as they really are. Without a network that leads out, none. */
    async publish(
      containerId: string,
      list: readonly Endpoint[],
      priorities: Readonly<Record<string, number>>,
      ports: PortMap,
    ): Promise<PortMap> {
      const ways = ordered(list, priorities).filter(({ network }) => network.driver === "bridge" && !network.internal);
      const v4 = ways.find(({ endpoint }) => endpoint.address !== "");
      const v6 = ways.find(({ endpoint }) => endpoint.address6 !== "");
      if (!v4 && !v6) return {};
      const target = { address: v4?.endpoint.address ?? "", address6: v6?.endpoint.address6 ?? "" };
      return publisher.publish(containerId, target, v4?.network.link.publishAddress || publishAddress, ports);
    },
    unpublish: (containerId: string): Promise<void> => publisher.unpublish(containerId),

    /** After a start of the daemon: frees what nobody lives on and restores what the living need. Foreign objects are never named. */
    async sweep(live: readonly LiveContainer[]): Promise<void> {
      const kept = live.flatMap((container) => container.endpoints);
      endpoints.adopt(kept);
      const alive = new Set(live.map(({ id }) => id));
      for (const reservation of reservations.all())
        if (!alive.has(reservation.containerId)) reservations.remove(reservation);
      if (withoutBridge !== null) return;
      const links = host.links();
      const used = new Set(kept.map(({ networkId }) => networkId));
      const bridged = store.all().filter(({ driver }) => driver === "bridge");
      const known = new Set(bridged.map(({ link }) => link.bridge));
      const strays = links.filter(
        (link) =>
          (link.startsWith(hostNames.vethPrefix) && !endpoints.isLiving(link)) ||
          (link.startsWith(hostNames.bridge) && !known.has(link)),
      );
      if (strays.length > 0) await apply(strays.map((name) => ({ op: "linkDelete", name, missingOk: true })));
      const needed = bridged.filter(({ id }) => used.has(id));
      if (needed.length > 0) {
        await watch.begin();
        await bridges.restore(needed);
        await publisher.hold();
      }
      const idle = bridged.filter(({ id, link }) => !used.has(id) && links.includes(link.bridge));
      if (idle.length > 0) await bridges.remove(idle);
    },

    /** When the daemon stops: removes bridges and table unless a container still lives on them. Ports are let go. */
    async teardown(): Promise<void> {
      watch[Symbol.dispose]();
      publisher[Symbol.dispose]();
      if (withoutBridge === null) await endpoints.settle();
      const idle = bridges.standing().filter(({ id }) => leases.count(id) === 0);
      if (idle.length > 0) await bridges.remove(idle);
    },

    async create(body: unknown): Promise<Network> {
      if (withoutBridge === null) await watch.begin();
      const network = await creating.create(body);
      tell("create", network);
      spares.warm(network.id);
      return network;
    },
    async remove(ref: string): Promise<void> {
      const network = store.find(ref);
      if (network.predefined) throw predefinedNetwork(network.name);
      refuseUsed(network);
      if (!store.byId(network.id)) throw networkNotFound(ref);
      await remove(network);
    },
    /** Names of those that went. One that is used, or comes to be used meanwhile, stays. */
    async prune(matches: (network: Network) => boolean, isHeld: (name: string) => boolean): Promise<string[]> {
      const gone: string[] = [];
      for (const network of store.all()) {
        const used = attached().some((one) => one.endpoints.some(({ networkId }) => networkId === network.id));
        if (!matches(network) || used || isHeld(network.name)) continue;
        const done = await remove(network).then(
          () => true,
          () => false,
        );
        if (done) gone.push(network.name);
      }
      return gone;
    },
    list: (matches: (network: Network) => boolean): NetworkJson[] =>
      store
        .all()
        .filter(matches)
        .map((network) => networkJson(network, null)),
    /** All, with the names of their bridges even where nobody chose them. */
    described: (): NetworkJson[] =>
      store.all().map((network) => {
        const shown = networkJson(network, null);
        const { bridge } = network.link;
        return bridge === ""
          ? shown
          : { ...shown, Options: { ...shown.Options, "com.docker.network.bridge.name": bridge } };
      }),
    /** By name, id or the beginning of an id. */
    inspect: (ref: string): NetworkJson => networkJson(store.find(ref), attached()),
    isUsed: ({ id }: Network): boolean =>
      attached().some((one) => one.endpoints.some(({ networkId }) => networkId === id)),
  };
}

/** What names and resolvers a container has, whatever it is connected to. */
export type NamedContainer = Pick<
  NamedEndpoint,
  "containerId" | "containerName" | "hostname" | "domainname" | "namespace" | "dns"
> & {
  /** By the names of networks. */
  aliases: Readonly<Record<string, readonly string[]>>;
};

function named(network: Network, endpoint: Endpoint, who: NamedContainer): NamedEndpoint {
  const { aliases, ...container } = who;
  return {
    ...container,
    networkId: network.id,
    networkName: network.name,
    defaultBridge: isDefaultBridge(network),
    internal: network.internal,
    aliases: aliases[network.name] ?? [],
    addresses: [endpoint.address, endpoint.address6].filter((text) => text !== ""),
  };
}

function wishesOf({ IPAMConfig, MacAddress }: EndpointSettings): EndpointWishes | null {
  const { IPv4Address = "", IPv6Address = "", LinkLocalIPs = [] } = IPAMConfig ?? {};
  const wishes: EndpointWishes = {
    ...(IPv4Address ? { address: IPv4Address } : {}),
    ...(IPv6Address ? { address6: IPv6Address } : {}),
    ...(MacAddress ? { mac: MacAddress } : {}),
    ...(LinkLocalIPs.length > 0 ? { linkLocal: [...LinkLocalIPs] } : {}),
  };
  return Object.keys(wishes).length > 0 ? wishes : null;
}
