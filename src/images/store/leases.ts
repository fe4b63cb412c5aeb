/** Layers that work in progress counts on: never collected while leased. In memory, since work does not outlive us. */
import type { Digest } from "../../base/digest.ts";

export type Leases = {
  take(chainIds: readonly Digest[]): Disposable;
  has(chainId: Digest): boolean;
};

export function createLeases(): Leases {
  const counts = new Map<Digest, number>();
  return {
    take(chainIds) {
      for (const id of chainIds) counts.set(id, (counts.get(id) ?? 0) + 1);
      let held = true;
      return {
        [Symbol.dispose]() {
          if (!held) return;
          held = false;
          for (const id of chainIds) {
            const left = (counts.get(id) ?? 1) - 1;
            if (left === 0) counts.delete(id);
            else counts.set(id, left);
          }
        },
      };
    },
    has: (chainId) => counts.has(chainId),
  };
}
