/** Layers that work in progress counts on: never collected while leased. In memory, since work does not outlive us. */
import type { Digest } from "../../base/digest.ts";

export type Lease = Disposable & {
  /** Leases more under the same hold. */
  add(id: Digest): void;
};

export type Leases = {
  /** Chain ids, and the diff ids of layers whose rows are not written yet. */
  take(ids: readonly Digest[]): Lease;
  has(id: Digest): boolean;
  all(): Digest[];
};

export function createLeases(): Leases {
  const counts = new Map<Digest, number>();
  const count = (id: Digest, by: number) => {
    const left = (counts.get(id) ?? 0) + by;
    if (left === 0) counts.delete(id);
    else counts.set(id, left);
  };
  return {
    take(ids) {
      const held: Digest[] = [];
      const add = (id: Digest) => {
        held.push(id);
        count(id, 1);
      };
      ids.forEach(add);
      return {
        add,
        [Symbol.dispose]() {
          for (const id of held.splice(0)) count(id, -1);
        },
      };
    },
    has: (id) => counts.has(id),
    all: () => [...counts.keys()],
  };
}
