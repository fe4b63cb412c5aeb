/** The subnets of a new network: those that a person named, checked, and others for the families that have none. */
import {
  bitsOf,
  contains,
  encloses,
  type Family,
  formatIp,
  formatSubnet,
  overlaps,
  parseCidr,
  parseIp,
  type Subnet,
} from "../address/ip.ts";
import { invalidNetwork } from "../errors.ts";
import type { Pool } from "../model/network.ts";
import type { IpamConfig } from "./parse-create.ts";

export type PoolsRequest = {
  ipv4: boolean;
  ipv6: boolean;
  configs: readonly IpamConfig[];
  /** A free subnet of the engine's own choice. */
  choose(family: Family): Subnet;
};

export function planPools({ ipv4, ipv6, configs, choose }: PoolsRequest): Pool[] {
  const pools = configs.map(parsePool);
  const subnets = pools.map(({ subnet }) => subnet);
  const twice = subnets.find((subnet, n) => subnets.slice(0, n).some((other) => overlaps(subnet, other)));
  if (twice) throw invalidNetwork(`its subnets overlap in ${formatSubnet(twice)}`);
  for (const [family, enabled] of [[4, ipv4] as const, [6, ipv6] as const]) {
    const named = subnets.find((subnet) => subnet.family === family);
    if (named && !enabled)
      throw invalidNetwork(
        `${formatSubnet(named)} is given, but IPv${family} is off`,
        `switch it on with --ipv${family}`,
      );
    if (!enabled || named) continue;
    const subnet = choose(family);
    pools.push({ subnet, pool: completePool(subnet, null, null, {}) });
  }
  return pools.sort((a, b) => a.subnet.family - b.subnet.family).map(({ pool }) => pool);
}

/** The gateway is the subnet's first address unless said otherwise. */
export function completePool(
  subnet: Subnet,
  range: Subnet | null,
  gateway: string | null,
  aux: Record<string, string>,
): Pool {
  return {
    subnet: formatSubnet(subnet),
    range: formatSubnet(range ?? subnet),
    gateway: gateway ?? formatIp({ family: subnet.family, value: subnet.base + 1n }),
    aux,
  };
}

function parsePool({ Subnet, IPRange, Gateway, AuxiliaryAddresses }: IpamConfig): { subnet: Subnet; pool: Pool } {
  if (Subnet === "") throw invalidNetwork("a range, gateway or auxiliary address needs a subnet", "add --subnet");
  const subnet = exact(Subnet, "subnet");
  if (subnet.prefix > bitsOf(subnet.family) - 2) throw invalidNetwork(`subnet ${Subnet} has no room for containers`);
  const inside = (text: string, what: string): string => {
    const ip = parseIp(text);
    if (ip === null) throw invalidNetwork(`${what} ${JSON.stringify(text)} is not an address`);
    if (!contains(subnet, ip))
      throw invalidNetwork(`no matching subnet for ${what} ${text}: ${Subnet} does not hold it`);
    return formatIp(ip);
  };
  const range = IPRange === "" ? null : exact(IPRange, "range");
  if (range && !encloses(subnet, range)) throw invalidNetwork(`no matching subnet for range ${IPRange}`);
  const gateway = Gateway === "" ? null : inside(Gateway.replace(/\/\d+$/, ""), "gateway");
  const aux = Object.fromEntries(
    Object.entries(AuxiliaryAddresses).map(([name, text]) => [name, inside(text, "auxiliary address")]),
  );
  const used = Object.values(aux);
  if (new Set(used).size < used.length || (gateway !== null && used.includes(gateway)))
    throw invalidNetwork("an address is reserved twice");
  return { subnet, pool: completePool(subnet, range, gateway, aux) };
}

function exact(text: string, what: string): Subnet {
  const found = parseCidr(text);
  if (found === null) throw invalidNetwork(`invalid ${what} ${JSON.stringify(text)}`, "write it like 10.1.0.0/16");
  const written = formatSubnet(found.subnet);
  if (found.ip.value !== found.subnet.base) throw invalidNetwork(`invalid ${what} ${text}: it should be ${written}`);
  return found.subnet;
}
