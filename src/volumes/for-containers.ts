/** Volumes as containers use them: found or made, filled from the image once, kept while used. */
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../base/errors.ts";
import { createShortId } from "../base/ids.ts";
import type { LayerStack } from "../engines/index.ts";
import { anonymousLabel, type VolumeRequest } from "./schema.ts";
import type { Volume, Volumes } from "./volumes.ts";

export type ContainerVolumes = {
  ensure(request: VolumeRequest): { name: string; driver: string; path: string };
  /** Fills an empty volume with the image's content at `guestPath`, owner and mode included. */
  copyUp(name: string, layers: LayerStack, guestPath: string): Promise<void>;
  hold(name: string, containerId: string): void;
  release(name: string, containerId: string): void;
  /** Removes an anonymous volume that nobody holds; leaves others alone. */
  removeAnonymous(name: string): Promise<void>;
};

export function createContainerVolumes(volumes: Volumes): ContainerVolumes {
  const filling = new Map<string, Promise<void>>();
  return {
    ensure(request) {
      const { name, path } = volumes.ensure(request);
      return { name, driver: "local", path };
    },
    async copyUp(name, layers, guestPath) {
      const volume = volumes.get(name);
      const after = (filling.get(name) ?? Promise.resolve()).then(() => fill(volumes, volume, layers, guestPath));
      const settled = after.catch(() => undefined);
      filling.set(name, settled);
      try {
        await after;
      } finally {
        if (filling.get(name) === settled) filling.delete(name);
      }
    },
    hold: volumes.hold,
    release: volumes.release,
    async removeAnonymous(name) {
      const volume = volumes.find(name);
      if (volume?.labels[anonymousLabel] === undefined || volumes.holdersOf(name).length > 0) return;
      await volumes.remove(name);
    },
  };
}

/** Into a draft that takes the place of the empty directory in one step, so that no crash leaves it half filled. */
async function fill(volumes: Volumes, volume: Volume, layers: LayerStack, guestPath: string): Promise<void> {
  if (readdirSync(volume.path).length > 0) return;
  // Where another container has the directory mounted, or it is not ours, it must stay the same directory.
  const inPlace = !volume.owned || volumes.holdersOf(volume.name).length > 1;
  const draft = join(volumes.drafts, createShortId());
  const dest = inPlace ? volume.path : join(draft, "_data");
  if (!inPlace) mkdirSync(dest, { recursive: true, mode: 0o755 });
  try {
    await volumes.jobs.run({ t: "copyUp", root: layers, path: guestPath, dest });
    if (!inPlace) renameSync(dest, volume.path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  } finally {
    if (!inPlace && existsSync(draft)) await volumes.jobs.run({ t: "removeTree", path: draft });
  }
}

/** The image has nothing there, or not a directory. */
function isAbsent(error: unknown): boolean {
  return error instanceof EngineError && (error.details.errno === 2 || error.details.errno === 20);
}
