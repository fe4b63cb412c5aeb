/**
 * Addresses of all networks. One is given out again only 10 s after its release, when neighbours and connection tracking
 * have forgotten its last user; a release counts only from who holds it. Rows are written before an address is handed out.
 */
import type { Database } from "../../state/index.ts";
import { addressesExhausted, addressInUse } from "../errors.ts";
import { formatIp, formatSubnet, type Ip, lastOf, parseIp, type Subnet } from "./ip.ts";

export const reuseDelayMs = 10_000;

/** Where addresses come from: `range` is the part of `subnet` that is given out, `reserved` belongs to gateway and others. */
export type LeasePool = { network: string; subnet: Subnet; range: Subnet; reserved: readonly bigint[] };

type Lease = { holder: string /** 0: in use; a time: free since. */; releasedMs: number };

export type Leases = {
  claim(pool: LeasePool, holder: string): Ip;
  /** This very address, though it may not have rested; answers who held it last. */
  claimExactly(pool: LeasePool, address: Ip, holder: string): string | null;
  holderOf(network: string, address: Ip): string | null;
  release(network: string, address: Ip, holder: string): void;
  /** After a restart: what an earlier daemon gave out is free, but for these. */
  keepOnly(held: readonly { network: string; address: Ip; holder: string }[]): void;
  forget(network: string): void;
  /** Addresses in use; of one network or of all. */
  count(network?: string): number;
  hasHolder(holder: string): boolean;
};

export function createLeases(db: Database, now: () => number): Leases {
  const networks = new Map<string, Map<bigint, Lease>>();
  const holders = new Map<string, number>();
  const insert = db.prepare(
    "INSERT INTO network_address (network, address, holder, released_ms) VALUES (?, ?, ?, 0) ON CONFLICT (network, address) DO UPDATE SET holder = excluded.holder, released_ms = 0",
  );
  const free = db.prepare("UPDATE network_address SET released_ms = ? WHERE network = ? AND address = ?");
  const erase = db.prepare("DELETE FROM network_address WHERE network = ?");

  const known = (network: string): Map<bigint, Lease> => {
    const found = networks.get(network);
    if (found) return found;
    const made = new Map<bigint, Lease>();
    networks.set(network, made);
    return made;
  };
  const count = (holder: string, by: number): void => {
    const left = (holders.get(holder) ?? 0) + by;
    if (left > 0) holders.set(holder, left);
    else holders.delete(holder);
  };
  const earlier = new Set<Lease>();
  for (const row of db.prepare("SELECT network, address, holder, released_ms FROM network_address").all()) {
    const ip = parseIp(String(row["address"]));
    if (ip === null) continue;
    const lease = { holder: String(row["holder"]), releasedMs: Number(row["released_ms"]) };
    known(String(row["network"])).set(ip.value, lease);
    if (lease.releasedMs === 0) {
      earlier.add(lease);
      count(lease.holder, 1);
    }
  }

  const take = ({ network, subnet }: LeasePool, value: bigint, holder: string): Ip => {
    const ip: Ip = { family: subnet.family, value };
    insert.run(network, formatIp(ip), holder);
    known(network).set(value, { holder, releasedMs: 0 });
    count(holder, 1);
    return ip;
  };
  const release = (network: string, ip: Ip, holder: string): void => {
    const lease = networks.get(network)?.get(ip.value);
    if (lease?.holder !== holder || lease.releasedMs !== 0) return;
    lease.releasedMs = now();
    count(holder, -1);
    free.run(lease.releasedMs, network, formatIp(ip));
  };

  return {
    claim(pool, holder) {
      const leases = known(pool.network);
      const rested = now() - reuseDelayMs;
      let oldest: { value: bigint; since: number } | null = null;
      for (const value of candidates(pool)) {
        const lease = leases.get(value);
        if (lease === undefined || (lease.releasedMs !== 0 && lease.releasedMs <= rested))
          return take(pool, value, holder);
        if (lease.releasedMs !== 0 && (oldest === null || lease.releasedMs < oldest.since))
          oldest = { value, since: lease.releasedMs };
      }
      // A small network that is used a lot has none that has rested.
      if (oldest === null) throw addressesExhausted(formatSubnet(pool.range));
      return take(pool, oldest.value, holder);
    },
    claimExactly(pool, address, holder) {
      const lease = known(pool.network).get(address.value);
      if (lease?.releasedMs === 0 || pool.reserved.includes(address.value)) throw addressInUse(formatIp(address));
      take(pool, address.value, holder);
      return lease?.holder ?? null;
    },
    holderOf(network, address) {
      const lease = networks.get(network)?.get(address.value);
      return lease?.releasedMs === 0 ? lease.holder : null;
    },
    release,
    keepOnly(held) {
      db.transaction(() => {
        const kept = new Set(held.map(({ network, address, holder }) => `${network} ${address.value} ${holder}`));
        for (const [network, leases] of networks) {
          for (const [value, lease] of leases) {
            if (!earlier.has(lease) || kept.has(`${network} ${value} ${lease.holder}`)) continue;
            // Only IPv4 addresses are so small.
            release(network, { family: value < 1n << 32n ? 4 : 6, value }, lease.holder);
          }
        }
        earlier.clear();
        for (const { network, address, holder } of held) {
          const lease = networks.get(network)?.get(address.value);
          if (lease?.holder === holder && lease.releasedMs === 0) continue;
          insert.run(network, formatIp(address), holder);
          known(network).set(address.value, { holder, releasedMs: 0 });
          count(holder, 1);
        }
      });
    },
    forget(network) {
      for (const lease of networks.get(network)?.values() ?? []) if (lease.releasedMs === 0) count(lease.holder, -1);
      networks.delete(network);
      erase.run(network);
    },
    count: (network) => {
      const of = (leases: Map<bigint, Lease> | undefined) =>
        [...(leases?.values() ?? [])].filter(({ releasedMs }) => releasedMs === 0).length;
      if (network !== undefined) return of(networks.get(network));
      return [...networks.values()].reduce((sum, leases) => sum + of(leases), 0);
    },
    hasHolder: (holder) => holders.has(holder),
  };
}

/** The network itself and, in IPv4, the broadcast address are nobody's. */
function* candidates({ subnet, range, reserved }: LeasePool): Generator<bigint> {
  const last = subnet.family === 4 ? lastOf(subnet) - 1n : lastOf(subnet);
  const end = lastOf(range) < last ? lastOf(range) : last;
  for (let value = range.base > subnet.base ? range.base : subnet.base + 1n; value <= end; value++) {
    if (!reserved.includes(value)) yield value;
  }
}
