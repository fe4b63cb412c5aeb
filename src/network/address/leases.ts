/**
 * Addresses of the default bridge: the lowest free one, and none again before its last user is forgotten by
 * neighbours and connection tracking. Rows are written before an address is handed out.
 */
import type { Database } from "../../state/index.ts";
import { addressesExhausted } from "../errors.ts";
import { formatSubnet, type Subnet } from "./ipv4.ts";

export const reuseDelayMs = 10_000;

export type Leases = {
  claim(subnet: Subnet): number;
  release(address: number): void;
  /** After a crash: everything but these is free. */
  keepOnly(addresses: ReadonlySet<number>): void;
  /** Addresses in use. */
  count(): number;
};

export function createLeases(db: Database, now: () => number): Leases {
  /** null: in use; a time: free since. */
  const known = new Map<number, number | null>();
  for (const row of db.prepare("SELECT address, released_ms FROM network_lease").all()) {
    known.set(Number(row["address"]), row["released_ms"] === null ? null : Number(row["released_ms"]));
  }
  const insert = db.prepare(
    "INSERT INTO network_lease (address, released_ms) VALUES (?, NULL) ON CONFLICT (address) DO UPDATE SET released_ms = NULL",
  );
  const free = db.prepare("UPDATE network_lease SET released_ms = ? WHERE address = ?");

  const pick = (subnet: Subnet): number => {
    // The network itself, the gateway and the broadcast address are nobody's.
    const last = subnet.base + 2 ** (32 - subnet.prefix) - 2;
    const rested = now() - reuseDelayMs;
    let oldest: { address: number; since: number } | null = null;
    for (let address = subnet.base + 2; address <= last; address++) {
      const since = known.get(address);
      if (since === undefined) return address;
      if (since === null) continue;
      if (since <= rested) return address;
      if (oldest === null || since < oldest.since) oldest = { address, since };
    }
    if (oldest === null) throw addressesExhausted(formatSubnet(subnet));
    return oldest.address;
  };

  const release = (address: number): void => {
    if (known.get(address) !== null) return;
    const since = now();
    known.set(address, since);
    free.run(since, address);
  };

  return {
    claim(subnet) {
      const address = pick(subnet);
      insert.run(address);
      known.set(address, null);
      return address;
    },
    release,
    keepOnly(addresses) {
      db.transaction(() => {
        for (const [address, since] of known) if (since === null && !addresses.has(address)) release(address);
        for (const address of addresses) {
          if (known.get(address) === null) continue;
          insert.run(address);
          known.set(address, null);
        }
      });
    },
    count: () => [...known.values()].filter((since) => since === null).length,
  };
}
