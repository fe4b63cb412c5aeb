/** The networks of one daemon. Nothing on the host is touched before the first container needs a bridge. */
import type { Endpoint, NetworkRequest } from "../engines/engine.ts";
import type { JobFrame, NetOp, NetPrepare } from "../engines/native/protocol.ts";
import type { Database } from "../state/index.ts";
import { type HostNetwork, systemHostNetwork } from "./address/host.ts";
import { formatIpv4, macOf, parseIpv4 } from "./address/ipv4.ts";
import { createLeases } from "./address/leases.ts";
import { createBridge, gatewayOf, mtu } from "./bridge/bridge.ts";
import {
  buildGuestFiles,
  type GuestFiles,
  type GuestFilesRequest,
  type HostFiles,
  systemHostFiles,
} from "./files/guest-files.ts";
import { networkNames, vethName } from "./names.ts";
import { createPublisher } from "./ports/publish.ts";
import { createReservations } from "./ports/reservations.ts";
import { findNetwork, type NetworkUse, planRequest } from "./request.ts";
import type { NetworkJson, PortMap } from "./schema.ts";
import { networkId } from "./view/ids.ts";
import { type Attached, networkJson, type PredefinedName, predefined } from "./view/network-json.ts";

export type NetworksOptions = {
  /** Migrated with `networkMigrations`. */
  db: Database;
  jobs: { run(frame: JobFrame, options?: { signal?: AbortSignal | undefined }): Promise<unknown> };
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

/** An address of the default bridge, held until `release` (idempotent). */
export type Lease = { readonly endpoint: Endpoint; release(): void };
export type LiveContainer = { id: string; endpoint: Endpoint | null };
export type Networks = ReturnType<typeof createNetworks>;

export function createNetworks(options: NetworksOptions) {
  const { db, jobs, tag, publishAddress, containerName, withoutBridge = null } = options;
  const { host = systemHostNetwork, hostFiles = systemHostFiles, now = Date.now } = options;
  const names = networkNames(tag);
  const leases = createLeases(db, now);
  const reservations = createReservations(db);
  const apply = async (ops: NetOp[], signal?: AbortSignal): Promise<void> => {
    await jobs.run({ t: "network", ops }, { signal });
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

  const leaseOf = (endpoint: Endpoint): Lease => {
    // Once only: by then the address may be another's.
    let address = parseIpv4(endpoint.address);
    return {
      endpoint,
      release() {
        if (address !== null) leases.release(address);
        address = null;
      },
    };
  };

  const facts = () => ({ tag, bridgeName: names.bridge, subnet: bridge.subnet(), createdMs: bridge.createdMs() });

  return {
    /** What a container asks for, checked; throws for what cannot be honoured. */
    request: (use: NetworkUse): NetworkRequest => planRequest(tag, use, withoutBridge),

    /** Empty for a network that does not exist. */
    networkId: (name: string): string => (predefined.some((known) => known === name) ? networkId(tag, name) : ""),

    files: (request: GuestFilesRequest): GuestFiles => buildGuestFiles(request, hostFiles),

    /** Makes bridge and table where they are not yet there. */
    ensureDefaultBridge: (signal: AbortSignal) => bridge.ensure(signal),

    /** What the core prepares for a spare of this kind, and the address that it holds. */
    async planPrepare(kind: PredefinedName, signal: AbortSignal): Promise<{ net: NetPrepare; lease: Lease | null }> {
      if (kind !== "bridge") return { net: { kind }, lease: null };
      const subnet = await bridge.ensure(signal);
      const claimed = leases.claim(subnet);
      const endpoint: Endpoint = {
        network: "bridge",
        interface: "eth0",
        hostInterface: vethName(names, claimed),
        address: formatIpv4(claimed),
        prefixLength: subnet.prefix,
        gateway: formatIpv4(gatewayOf(subnet)),
        mac: macOf(claimed),
      };
      const { hostInterface: hostIf, mac, gateway } = endpoint;
      const addresses = [`${endpoint.address}/${subnet.prefix}`];
      return {
        net: { kind: "veth", bridge: names.bridge, hostIf, mac, mtu, addresses, gateway },
        lease: leaseOf(endpoint),
      };
    },

    /** The lease of a container that an earlier daemon started. */
    adopt: leaseOf,

    /** Opens the ports, all or none; answers them as they really are. */
    publish: (containerId: string, endpoint: Endpoint, ports: PortMap): Promise<PortMap> =>
      publisher.publish(containerId, endpoint.address, ports),

    unpublish: (containerId: string): Promise<void> => publisher.unpublish(containerId),

    /** After a start of the daemon: frees what nobody lives on and restores what the living need. Foreign objects are never named. */
    async sweep(live: readonly LiveContainer[], signal: AbortSignal): Promise<void> {
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
      if (strays.length > 0)
        await apply(
          strays.map((name) => ({ op: "linkDelete", name, missingOk: true })),
          signal,
        );
      if (endpoints.length > 0) {
        await bridge.ensure(signal);
        await publisher.hold();
      } else if (links.includes(names.bridge)) await bridge.remove();
    },

    /** When the daemon stops: removes bridge and table unless a container still lives on them. Ports are let go. */
    async teardown(): Promise<void> {
      publisher[Symbol.dispose]();
      if (withoutBridge === null && leases.count() === 0 && host.links().includes(names.bridge)) await bridge.remove();
    },

    list: (): NetworkJson[] => predefined.map((name) => networkJson(name, facts(), null)),
    /** By name, id or the beginning of an id. */
    inspect: (ref: string, attached: readonly Attached[]): NetworkJson =>
      networkJson(findNetwork(tag, ref), facts(), attached),
  };
}
