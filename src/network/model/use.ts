/** What a container asks of its networks, checked against them. */
import { isIP } from "node:net";
import { contains, parseIp, parseSubnet } from "../address/ip.ts";
import { invalidEndpoint, noBridge, unsupportedSetting } from "../errors.ts";
import { givesInterface, isDefaultBridge, type Network } from "./network.ts";
import type { NetworkStore } from "./store.ts";

/** What a client may say of an endpoint; anything that is set but cannot be honoured is refused. */
export type EndpointSettings = {
  IPAMConfig?: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: readonly string[] } | null;
  Links?: readonly string[];
  Aliases?: readonly string[];
  DriverOpts?: Record<string, string>;
  MacAddress?: string;
  GwPriority?: number;
};

/** `mode`: the network that the container starts in. */
export type NetworkUse = { mode: string; endpoints: Readonly<Record<string, EndpointSettings>> };

/** Endpoints by the names of their networks, that of `mode` first. */
export type PlannedUse<S extends EndpointSettings> = {
  primary: Network;
  endpoints: { network: Network; settings: S }[];
};

export function planUse<S extends EndpointSettings>(
  store: NetworkStore,
  { mode, endpoints }: { mode: string; endpoints: Readonly<Record<string, S>> },
  none: S,
  withoutBridge: string | null,
): PlannedUse<S> {
  const primary = store.find(mode);
  const asked = new Map<Network, S>([[primary, none]]);
  const seen = new Set<Network>();
  for (const [ref, settings] of Object.entries(endpoints)) {
    const network = store.find(ref);
    if (seen.has(network)) throw invalidEndpoint(network.name, "it is named twice");
    seen.add(network);
    asked.set(network, settings);
  }
  const planned = [...asked].map(([network, settings]) => ({ network, settings }));
  if (planned.length > 1) for (const { network } of planned) refuseAlone(network);
  for (const { network, settings } of planned) verifySettings(network, settings, withoutBridge);
  return { primary, endpoints: planned };
}

/** Host and none are taken alone. */
export function refuseAlone(network: Network): void {
  if (network.driver === "host")
    throw invalidEndpoint("host", "container cannot be disconnected from host network or connected to host network");
  if (network.driver === "null")
    throw invalidEndpoint(
      "none",
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
    );
}

export function verifySettings(network: Network, settings: EndpointSettings, withoutBridge: string | null): void {
  const { IPAMConfig, Links, Aliases, DriverOpts, MacAddress } = settings;
  const { name, driver } = network;
  const { IPv4Address = "", IPv6Address = "", LinkLocalIPs = [] } = IPAMConfig ?? {};
  if (givesInterface(network) && withoutBridge !== null) throw noBridge(name, withoutBridge);
  if ((Links?.length ?? 0) > 0)
    throw unsupportedSetting("a link", name, "links are history; containers of one network find each other by name");
  for (const key of Object.keys(DriverOpts ?? {}))
    throw unsupportedSetting(`driver option ${key}`, name, `driver ${driver} has none for endpoints`);
  const anything = IPv4Address || IPv6Address || LinkLocalIPs.length > 0 || MacAddress;
  if (!givesInterface(network)) {
    if (anything || (Aliases?.length ?? 0) > 0)
      throw invalidEndpoint(name, `network-scoped settings need an interface, which ${name} does not give`);
    return;
  }
  if (isDefaultBridge(network)) {
    if (IPv4Address || IPv6Address)
      throw invalidEndpoint(name, "user specified IP address is supported on user defined networks only");
    if ((Aliases?.length ?? 0) > 0)
      throw invalidEndpoint(name, "network-scoped alias is supported only for containers in user defined networks");
  }
  verifyAddress(network, 4, IPv4Address);
  verifyAddress(network, 6, IPv6Address);
  for (const text of LinkLocalIPs) {
    const local = isIP(text) === 4 ? text.startsWith("169.254.") : isIP(text) === 6 && /^fe[89ab]/i.test(text);
    if (!local) throw invalidEndpoint(name, `invalid link-local IP address ${JSON.stringify(text)}`);
  }
  if (MacAddress) verifyMac(network, MacAddress);
}

function verifyAddress(network: Network, family: 4 | 6, text: string): void {
  if (text === "") return;
  const { name, configured, pools } = network;
  const ip = parseIp(text);
  if (ip?.family !== family) throw invalidEndpoint(name, `invalid IPv${family} address ${JSON.stringify(text)}`);
  if (family === 4 ? !network.ipv4 : !network.ipv6)
    throw invalidEndpoint(name, `IPv${family} address ${text} is given, but the network has no IPv${family}`);
  if (!configured)
    throw invalidEndpoint(
      name,
      "user specified IP address is supported only when connecting to networks with user configured subnets",
      "create the network with --subnet",
    );
  const holds = pools.some(({ subnet }) => contains(parseSubnet(subnet) ?? { family, base: -1n, prefix: 0 }, ip));
  if (!holds) throw invalidEndpoint(name, `no configured subnet contains IP address ${text}`);
}

function verifyMac(network: Network, text: string): void {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text))
    throw invalidEndpoint(network.name, `invalid MAC address ${JSON.stringify(text)}`);
  if (Number.parseInt(text.slice(0, 2), 16) & 1)
    throw invalidEndpoint(network.name, `MAC address ${text} is that of a group`);
  if (network.driver === "ipvlan")
    throw unsupportedSetting("a MAC address", network.name, "ipvlan's interfaces have their parent's");
}

/** The order in which networks are asked for the way out: by priority, then by name; those without a way out come last. */
export function byGateway(
  a: { network: Network; priority: number },
  b: { network: Network; priority: number },
): number {
  const closed = Number(a.network.internal) - Number(b.network.internal);
  return closed || b.priority - a.priority || (a.network.name < b.network.name ? -1 : 1);
}
