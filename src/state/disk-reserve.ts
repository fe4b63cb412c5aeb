/**
 * Some space of a disk that is ours already, given up when the disk is full: what a daemon must still be able to do then is to
 * record that something ended or was removed, so that space becomes free again.
 */
import { rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const reserveBytes = 1024 * 1024;
/** A reserve is made again only where it is no burden. */
const plentyBytes = 16 * reserveBytes;
const leastInodes = 64;
const retryMs = 10_000;

export type DiskReserve = {
  /** False when there is none left to give. */
  give(): boolean;
  /** It was given, and the disk has still no room for another. */
  lacking(): boolean;
  /** Makes it where it is missing and the disk has plenty; looks at most every ten seconds. */
  restore(): void;
};

/** For a database without a file. */
export const noReserve: DiskReserve = { give: () => false, lacking: () => false, restore: () => undefined };

export function createDiskReserve(path: string, now: () => number = Date.now): DiskReserve {
  let held = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= reserveBytes;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    give() {
      if (!held) return false;
      held = false;
      lookedAt = now();
      rmSync(path, { force: true });
      return true;
    },
    lacking: () => !held && !hasRoom(dirname(path), 2 * reserveBytes),
    restore() {
      if (held || now() - lookedAt < retryMs) return;
      lookedAt = now();
      if (!hasRoom(dirname(path), plentyBytes)) return;
      try {
        writeFileSync(path, Buffer.alloc(reserveBytes), { mode: 0o600 });
        held = true;
      } catch {
        rmSync(path, { force: true }); // somebody else was faster
      }
    },
  };
}

function hasRoom(folder: string, bytes: number): boolean {
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  // Some file systems count no inodes.
  return bavail * bsize >= bytes && (files === 0 || ffree >= leastInodes);
}
