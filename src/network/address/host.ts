/** What the host's network has already: its IPv4 routes and addresses, its links, its forwarding. Reads files only. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parseIpv4, type Subnet } from "./ipv4.ts";

export type HostNetwork = {
  /** Every subnet that the host has a route to or an address in, default routes left out. */
  subnets(): Subnet[];
  /** Routes of the main table with the link they lead to. */
  routes(): { link: string; subnet: Subnet }[];
  links(): string[];
  hasLink(name: string): boolean;
  isBridge(link: string): boolean;
  /** A setting below /proc/sys; null where the kernel has none. */
  sysctl(path: string): string | null;
};

export const systemHostNetwork: HostNetwork = {
  subnets() {
    const tries = read("/proc/net/fib_trie");
    return tries === null ? systemHostNetwork.routes().map(({ subnet }) => subnet) : parseFibTrie(tries);
  },
  routes: () => parseRoutes(read("/proc/net/route") ?? ""),
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
  let base: number | null = null;
  for (const line of text.split("\n")) {
    const leaf = /\|-- ([\d.]+)$/.exec(line);
    if (leaf) {
      base = parseIpv4(leaf[1] ?? "");
      continue;
    }
    const route = /^\s*\/(\d+) \w+ (\w+)/.exec(line);
    const prefix = Number(route?.[1] ?? 0);
    if (route && base !== null && prefix >= shortestPrefix) found.set(`${base}/${prefix}`, { base, prefix });
  }
  return [...found.values()];
}

/** /proc/net/route: hexadecimal numbers in the host's byte order (little-endian). */
export function parseRoutes(text: string): { link: string; subnet: Subnet }[] {
  const swap = (hex: string) => Number.parseInt(hex.match(/../g)?.reverse().join("") ?? "", 16);
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter((fields) => fields.length > 7)
    .map((fields) => ({
      link: fields[0] ?? "",
      subnet: {
        base: swap(fields[1] ?? ""),
        prefix: swap(fields[7] ?? "")
          .toString(2)
          .replaceAll("0", "").length,
      },
    }))
    .filter(({ subnet }) => subnet.prefix >= shortestPrefix);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
