/** Who keeps an image from being deleted: containers, from before they are recorded until after they are gone. */

export type Holds = {
  hold(imageId: string, containerId: string): void;
  /** Idempotent. Calls `onFree` after the last release of an image. */
  release(imageId: string, containerId: string): void;
  of(imageId: string): ReadonlySet<string>;
};

const nobody: ReadonlySet<string> = new Set();

export function createHolds(onFree: (imageId: string) => void): Holds {
  const holders = new Map<string, Set<string>>();
  return {
    hold(imageId, containerId) {
      const set = holders.get(imageId);
      if (set) set.add(containerId);
      else holders.set(imageId, new Set([containerId]));
    },
    release(imageId, containerId) {
      const set = holders.get(imageId);
      if (!set?.delete(containerId) || set.size > 0) return;
      holders.delete(imageId);
      onFree(imageId);
    },
    of: (imageId) => holders.get(imageId) ?? nobody,
  };
}
