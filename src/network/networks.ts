/** The networks of one daemon. Nothing on the host is touched before the first container needs a bridge. */
import type { Endpoint, JobFrame, NetOp, NetPrepare, NetworkRequest } from "../engines/index.ts";
import type { Database } from "../state/index.ts";
import { type HostNetwork, systemHostNetwork } from "./address/host.ts";
import { formatIpv4, macOf, parseIpv4, type Subnet } from "./address/ipv4.ts";
import { createLeases } from "./address/leases.ts";
import { createBridge, gatewayOf, mtu } from "./bridge/bridge.ts";
import {
  buildGuestFiles,
  type GuestFiles,
  type GuestFilesRequest,
  type HostFiles,
  systemHostFiles,
} from "./files/guest-files.ts";
import { type NetworkNames, networkNames, vethName } from "./names.ts";
import { createPublisher } from "./ports/publish.ts";
import { createReservations } from "./ports/reservations.ts";
import { findNetwork, type NetworkUse, planRequest } from "./request.ts";
import type { NetworkJson, PortMap } from "./schema.ts";
import { networkId } from "./view/ids.ts";
import { type Attached, networkJson, predefined } from "./view/network-json.ts";

export type NetworksOptions = {
  /** Migrated with `networkMigrations`. */
  db: Database;
  jobs: { run(frame: JobFrame): Promise<unknown> };
  /** 8 hex digits of the home's digest. */
  tag: string;
  /** Address on which ports are published when none is named. */
  publishAddress: string;
  containerName(id: string): string;
  /** Why this daemon can have no bridge; null where it can. */
  withoutBridge?: string | null;
  host?: HostNetwork;
  hostFiles?: HostFiles;
  now?(): number;
};

/** What the engine prepares, and the address that this holds until `release` (idempotent). */
export type PreparedNetwork = { net: NetPrepare; endpoint: Endpoint | null; release(): void };
export type LiveContainer = { id: string; endpoint: Endpoint | null };
export type Networks = ReturnType<typeof createNetworks>;

export function createNetworks(options: NetworksOptions) {
  const { db, jobs, tag, publishAddress, containerName, withoutBridge = null } = options;
  const { host = systemHostNetwork, hostFiles = systemHostFiles, now = Date.now } = options;
  const names = networkNames(tag);
  const leases = createLeases(db, now);
  const reservations = createReservations(db);
  const apply = async (ops: NetOp[]): Promise<void> => {
    await jobs.run({ t: "network", ops });
  };
  const bridge = createBridge({
    ...{ db, names, tag, host, now, apply },
    published: () => reservations.all(),
    inUse: () => leases.count() > 0,
  });
  const publisher = createPublisher({
    reservations,
    apply,
    table: names.table,
    defaultAddress: publishAddress,
    containerName,
  });

  /** Works once only: later the address may be another's. */
  const releaseOf = (endpoint: Endpoint): (() => void) => {
    let address = parseIpv4(endpoint.address);
    return () => {
      if (address !== null) leases.release(address);
      address = null;
    };
  };

  const facts = () => ({ tag, bridgeName: names.bridge, subnet: bridge.subnet(), createdMs: bridge.createdMs() });

  return {
    /** Never the host's network: less isolation than asked for has to be asked for. */
    default: { mode: withoutBridge === null ? "bridge" : "none", without: withoutBridge },

    /** What a container asks for, checked; throws for what cannot be honoured. */
    request: (use: NetworkUse): NetworkRequest => planRequest(tag, use, withoutBridge),

    /** Empty for a network that does not exist. */
    networkId: (name: string): string => (predefined.some((known) => known === name) ? networkId(tag, name) : ""),

    files: (request: GuestFilesRequest): GuestFiles => buildGuestFiles(request, hostFiles),

    /** Makes bridge and table where they are not yet there. */
    ensureDefaultBridge: () => bridge.ensure(),

    /** For the engine: what the core prepares for a spare of this kind. */
    async prepare(request: NetworkRequest): Promise<PreparedNetwork> {
      const release = () => undefined;
      if (request.kind === "none") return { net: { kind: "none" }, endpoint: null, release };
      if (request.kind !== "bridge") return { net: { kind: "host" }, endpoint: null, release };
      const subnet = await bridge.ensure();
      const endpoint = createEndpoint(names, subnet, leases.claim(subnet));
      const { hostInterface: hostIf, mac, gateway, address, prefixLength } = endpoint;
      const addresses = [`${address}/${prefixLength}`];
      const net: NetPrepare = {
        kind: "veth",
        bridge: names.bridge,
        hostIf,
        interface: "eth0",
        mac,
        mtu,
        addresses,
        gateway,
      };
      return { net, endpoint, release: releaseOf(endpoint) };
    },

    /** For a container that an earlier daemon started; what it answers lets go of the address. */
    adopt: releaseOf,

    /** Opens the ports, all or none; answers them as they really are. */
    publish: (containerId: string, endpoint: Endpoint, ports: PortMap): Promise<PortMap> =>
      publisher.publish(containerId, endpoint.address, ports),

    unpublish: (containerId: string): Promise<void> => publisher.unpublish(containerId),

    /** After a start of the daemon: frees what nobody lives on and restores what the living need. Foreign objects are never named. */
    async sweep(live: readonly LiveContainer[]): Promise<void> {
      const endpoints = live.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint !== null);
      leases.keepOnly(
        new Set(endpoints.map(({ address }) => parseIpv4(address)).filter((address) => address !== null)),
      );
      const alive = new Set(live.map(({ id }) => id));
      for (const reservation of reservations.all())
        if (!alive.has(reservation.containerId)) reservations.remove(reservation);
      if (withoutBridge !== null) return;
      const wanted = new Set(endpoints.map(({ hostInterface }) => hostInterface));
      const links = host.links();
      const strays = links.filter((link) => link.startsWith(names.vethPrefix) && !wanted.has(link));
      if (strays.length > 0) await apply(strays.map((name) => ({ op: "linkDelete", name, missingOk: true })));
      if (endpoints.length > 0) {
        await bridge.ensure();
        await publisher.hold();
      } else if (bridge.exists()) await bridge.remove();
    },

    /** When the daemon stops: removes bridge and table unless a container still lives on them. Ports are let go. */
    async teardown(): Promise<void> {
      publisher[Symbol.dispose]();
      if (withoutBridge === null && leases.count() === 0 && bridge.exists()) await bridge.remove();
    },

    list: (): NetworkJson[] => predefined.map((name) => networkJson(name, facts(), null)),
    /** By name, id or the beginning of an id. */
    inspect: (ref: string, attached: readonly Attached[]): NetworkJson =>
      networkJson(findNetwork(tag, ref), facts(), attached),
  };
}

function createEndpoint(names: NetworkNames, subnet: Subnet, address: number): Endpoint {
  return {
    network: "bridge",
    interface: "eth0",
    hostInterface: vethName(names, address),
    address: formatIpv4(address),
    prefixLength: subnet.prefix,
    gateway: formatIpv4(gatewayOf(subnet)),
    mac: macOf(address),
  };
}
