/** A network as the daemon holds it and as the database keeps it. */
import { contains, formatIp, type Ip, parseIp, parseSubnet, type Subnet } from "../address/ip.ts";
import type { LeasePool } from "../address/leases.ts";

export type Driver = "bridge" | "host" | "null" | "macvlan" | "ipvlan";

/** Addresses as text, as they are kept. */
export type Pool = { subnet: string; range: string; gateway: string; aux: Record<string, string> };

export type Network = {
  readonly id: string;
  readonly name: string;
  readonly driver: Driver;
  readonly createdMs: number;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  /** bridge, host and none. */
  readonly predefined: boolean;
  /** A person named the subnets: then addresses may be asked for. */
  readonly configured: boolean;
  readonly pools: readonly Pool[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Derived from the options; what the drivers go by. */
  readonly link: LinkSettings;
};

export type LinkSettings = {
  /** The bridge on the host; empty for other drivers. */
  bridge: string;
  /** macvlan and ipvlan: the host's interface and the driver's mode. */
  parent: string;
  mode: string;
  mtu: number;
  icc: boolean;
  masquerade: boolean;
  /** Address on which ports are published; empty: the daemon's. */
  publishAddress: string;
  /** What interfaces inside are called, before their number. */
  interfacePrefix: string;
};

export const defaultLink: LinkSettings = {
  bridge: "",
  parent: "",
  mode: "",
  mtu: 1500,
  icc: true,
  masquerade: true,
  publishAddress: "",
  interfacePrefix: "eth",
};

export const isDefaultBridge = ({ predefined, driver }: Network): boolean => predefined && driver === "bridge";

/** Whether containers get an interface of their own there. */
export const givesInterface = ({ driver }: Network): boolean => driver !== "host" && driver !== "null";

export function leasePools(network: Network): LeasePool[] {
  return network.pools.flatMap((pool) => {
    const subnet = parseSubnet(pool.subnet);
    if (subnet === null) return [];
    const reserved = [pool.gateway, ...Object.values(pool.aux)].flatMap((text) => parseIp(text)?.value ?? []);
    return [{ network: network.id, subnet, range: parseSubnet(pool.range) ?? subnet, reserved }];
  });
}

export function subnetsOf({ pools }: Network): Subnet[] {
  return pools.flatMap(({ subnet }) => parseSubnet(subnet) ?? []);
}

/** Where the network's way out is, for an address in it; empty without one. */
export function gatewayFor({ pools, internal }: Network, address: Ip): string {
  if (internal) return "";
  return pools.find(({ subnet }) => contains(parseSubnet(subnet) ?? nowhere, address))?.gateway ?? "";
}

const nowhere: Subnet = { family: 4, base: -1n, prefix: 32 };

/** The host's own addresses on the bridge, with prefix length. */
export function hostAddresses({ pools }: Network): string[] {
  return pools.filter(({ gateway }) => gateway !== "").map(({ gateway, subnet }) => `${gateway}/${prefixOf(subnet)}`);
}

export function withPrefix(ip: Ip, subnet: Subnet): string {
  return `${formatIp(ip)}/${subnet.prefix}`;
}

const prefixOf = (subnet: string): string => subnet.slice(subnet.indexOf("/") + 1);
