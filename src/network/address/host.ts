/** What the host's network has already: its routes and addresses, its links, its forwarding. Reads files only. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { type Ip, parseIp, type Subnet } from "./ip.ts";

export type HostRoute = { link: string; subnet: Subnet };

export type HostNetwork = {
  /** Every subnet that the host has a route to or an address in, default routes left out. */
  subnets(): Subnet[];
  /** Routes of the main table with the link they lead to. */
  routes(): HostRoute[];
  links(): string[];
  hasLink(name: string): boolean;
  isBridge(link: string): boolean;
  /** A setting below /proc/sys; null where the kernel has none. */
  sysctl(path: string): string | null;
};

export const systemHostNetwork: HostNetwork = {
  subnets() {
    const tries = read("/proc/net/fib_trie");
    const v4 =
      tries === null ? parseRoutes(read("/proc/net/route") ?? "").map(({ subnet }) => subnet) : parseFibTrie(tries);
    return [...v4, ...parseRoutes6(read("/proc/net/ipv6_route") ?? "").map(({ subnet }) => subnet)];
  },
  routes: () => [...parseRoutes(read("/proc/net/route") ?? ""), ...parseRoutes6(read("/proc/net/ipv6_route") ?? "")],
  links: () => readdirSync("/sys/class/net"),
  hasLink: (name) => existsSync(`/sys/class/net/${name}`),
  isBridge: (link) => existsSync(`/sys/class/net/${link}/bridge`),
  sysctl: (path) => read(`/proc/sys/${path}`)?.trim() ?? null,
};

/** Routes that split the whole internet (0.0.0.0/1 of a VPN) say nothing about private networks. */
const shortestPrefix = 5;

/** /proc/net/fib_trie: `|-- 172.17.0.0` and below it `/16 link UNICAST`, for all tables. */
export function parseFibTrie(text: string): Subnet[] {
  const found = new Map<string, Subnet>();
  let leafText = "";
  let ip: Ip | null = null;
  for (const line of text.split("\n")) {
    const leaf = /\|-- ([\d.]+)$/.exec(line);
    if (leaf) {
      leafText = leaf[1] ?? "";
      ip = parseIp(leafText);
      continue;
    }
    const route = /^\s*\/(\d+) \w+ (\w+)/.exec(line);
    const prefix = Number(route?.[1] ?? 0);
    if (route && ip !== null && prefix >= shortestPrefix)
      found.set(`${leafText}/${prefix}`, { family: 4, base: ip.value, prefix });
  }
  return [...found.values()];
}

/** /proc/net/route: hexadecimal numbers in the host's byte order (little-endian). */
export function parseRoutes(text: string): HostRoute[] {
  const swap = (hex: string) => Number.parseInt(hex.match(/../g)?.reverse().join("") ?? "", 16);
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter((fields) => fields.length > 7)
    .map(([link = "", base = "", , , , , , mask = ""]): HostRoute => {
      const prefix = swap(mask).toString(2).replaceAll("0", "").length;
      return { link, subnet: { family: 4, base: BigInt(swap(base)), prefix } };
    })
    .filter(({ subnet }) => subnet.prefix >= shortestPrefix);
}

/** /proc/net/ipv6_route: destination and prefix length in hexadecimal, the link last; all tables. */
export function parseRoutes6(text: string): HostRoute[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 10)
    .map((fields): HostRoute => {
      const base = BigInt(`0x${fields[0]}`);
      return { link: fields[9] ?? "", subnet: { family: 6, base, prefix: Number.parseInt(fields[1] ?? "0", 16) } };
    })
    .filter(({ subnet: { base, prefix } }) => {
      const first = base >> 120n;
      // Link-local and multicast are everywhere; a rejecting route on lo to everything is no route.
      return prefix >= shortestPrefix && first !== 0xfen && first !== 0xffn && base !== 0n;
    });
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
