/** The default bridge's subnet: private, and free of everything that the host knows a way to. */
import { noFreeSubnet } from "../errors.ts";
import { overlaps, type Subnet } from "./ipv4.ts";

/** 172.20–31 first (172.17–19 are Docker's usual ones), then the upper half of 10. */
const candidates: readonly Subnet[] = [
  ...Array.from({ length: 12 }, (_, n) => ({ base: (172 << 24) | ((20 + n) << 16), prefix: 16 })),
  ...Array.from({ length: 120 }, (_, n) => ({ base: (10 << 24) | ((130 + n) << 16), prefix: 16 })),
].map(({ base, prefix }) => ({ base: base >>> 0, prefix }));

/**
 * The first free candidate in an order that depends on `tag`, so that daemons which choose at the same moment
 * seldom meet, and do not meet again at the next attempt.
 */
export function chooseSubnet(tag: string, taken: readonly Subnet[], tried: readonly Subnet[] = []): Subnet {
  const seed = Number.parseInt(tag, 16);
  const preferred = candidates.slice(0, 12);
  const order = [...rotate(preferred, seed % 12), ...rotate(candidates.slice(12), seed % 120)];
  const avoid = [...taken, ...tried];
  const free = order.find((subnet) => !avoid.some((other) => overlaps(subnet, other)));
  if (!free) throw noFreeSubnet();
  return free;
}

function rotate<T>(items: readonly T[], by: number): T[] {
  return [...items.slice(by), ...items.slice(0, by)];
}
