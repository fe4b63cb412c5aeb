/** Layers that work in progress counts on: never collected while leased. In memory, since work does not outlive us. */
import type { Digest } from "../../base/digest.ts";

export type Lease = Disposable & {
  /** Leases more under the same hold. */
  add(chainId: Digest): void;
};

export type Leases = {
  take(chainIds: readonly Digest[]): Lease;
  has(chainId: Digest): boolean;
};

export function createLeases(): Leases {
  const counts = new Map<Digest, number>();
  const count = (id: Digest, by: number) => {
    const left = (counts.get(id) ?? 0) + by;
    if (left === 0) counts.delete(id);
    else counts.set(id, left);
  };
  return {
    take(chainIds) {
      const held: Digest[] = [];
      const add = (id: Digest) => {
        held.push(id);
        count(id, 1);
      };
      chainIds.forEach(add);
      return {
        add,
        [Symbol.dispose]() {
          for (const id of held.splice(0)) count(id, -1);
        },
      };
    },
    has: (chainId) => counts.has(chainId),
  };
}
