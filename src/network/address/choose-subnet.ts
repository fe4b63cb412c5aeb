/** A subnet that nobody has: private, and free of everything that the host knows a way to. */
import { createHash } from "node:crypto";
import { noFreeSubnet } from "../errors.ts";
import { bitsOf, formatSubnet, lastOf, overlaps, parseSubnet, type Subnet } from "./ip.ts";

/** Subnets of prefix length `size` are cut out of `base`. */
export type AddressPool = { base: string; size: number };

/** 172.17–19 are Docker's usual ones, 192.168 is that of most homes and offices. */
export const defaultPools: readonly AddressPool[] = [
  { base: "172.20.0.0/14", size: 16 },
  { base: "172.24.0.0/13", size: 16 },
  { base: "10.128.0.0/9", size: 20 },
];

/** A unique local range (RFC 4193) of this daemon's own: 65536 networks. */
export function uniqueLocalPool(tag: string): AddressPool {
  const id = createHash("sha256").update(`unique local ${tag}`).digest("hex");
  return { base: `fd${id.slice(0, 2)}:${id.slice(2, 6)}:${id.slice(6, 10)}::/48`, size: 64 };
}

/**
 * The first free one in an order that depends on `tag`, so that daemons which choose at the same moment seldom meet, and
 * do not meet again at the next attempt.
 */
export function chooseSubnet(pools: readonly AddressPool[], tag: string, taken: readonly Subnet[]): Subnet {
  for (const { base, size } of pools) {
    const pool = parseSubnet(base);
    if (pool === null) continue;
    const index = freeIndex(pool, size, Number.parseInt(tag, 16), taken);
    if (index === null) continue;
    const { family } = pool;
    return { family, base: pool.base + (BigInt(index) << BigInt(bitsOf(family) - size)), prefix: size };
  }
  throw noFreeSubnet(pools.map(({ base }) => base).join(", "));
}

function freeIndex(pool: Subnet, size: number, seed: number, taken: readonly Subnet[]): number | null {
  const shift = BigInt(bitsOf(pool.family) - size);
  const count = 2 ** Math.min(size - pool.prefix, 20);
  const used = new Set<number>();
  for (const other of taken) {
    if (!overlaps(pool, other)) continue;
    if (other.prefix <= pool.prefix) return null;
    const first = Number((other.base - pool.base) >> shift);
    const last = Number((lastOf(other) - pool.base) >> shift);
    for (let index = first; index <= last; index++) used.add(index);
  }
  for (let n = 0; n < count; n++) {
    const index = (n + seed) % count;
    if (!used.has(index)) return index;
  }
  return null;
}

/** Why the pools of the settings cannot be used; null where they can. */
export function poolFault(pools: readonly AddressPool[]): string | null {
  for (const { base, size } of pools) {
    const pool = parseSubnet(base);
    if (pool === null || formatSubnet(pool) !== base) return `${base} is not a subnet`;
    const longest = pool.family === 4 ? 30 : 120;
    if (!Number.isInteger(size) || size < pool.prefix || size > longest)
      return `the size of pool ${base} must be a prefix length from ${pool.prefix} to ${longest}`;
  }
  return null;
}
