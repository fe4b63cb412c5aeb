/** What every verb of this feature works on, and how it is opened. */

import type { UnpackLimits } from "../engines/index.ts";
import type { Database, Events } from "../state/index.ts";
import type { CommitSources, ImageUses, Jobs, Registry } from "./dependencies.ts";
import { registryUnsupported } from "./errors.ts";
import { createHolds, type Holds } from "./holds.ts";
import { createOverlaySnapshotter } from "./layers/overlay-snapshotter.ts";
import type { Snapshotter } from "./layers/snapshotter.ts";
import { familiarName } from "./reference/reference.ts";
import { openBlobStore } from "./store/blob-store.ts";
import { collectLayers } from "./store/collect.ts";
import { type ImageStore, openImageStore } from "./store/image-store.ts";
import { openImageTable } from "./store/image-table.ts";
import { type BlobKeeper, keepBlobs } from "./store/kept-blobs.ts";
import { createKeyedLock, type KeyedLock } from "./store/keyed-lock.ts";
import { createLeases, type Leases } from "./store/leases.ts";

export type ImagesDeps = {
  /** `$HYPERBOX_HOME`. */
  home: string;
  db: Database;
  jobs: Jobs;
  events: Events;
  uses: ImageUses;
  commits: CommitSources;
  /** Default: none, which refuses. */
  registry?: Registry;
  /** Who else holds blobs of the store. Default: nobody. */
  keeper?: BlobKeeper;
  /** Default: a directory per layer for overlayfs. */
  snapshotter?: Snapshotter;
  limits?: UnpackLimits;
  chownToSelf?: boolean;
  now?: () => number;
};

export type Images = {
  readonly store: ImageStore;
  readonly locks: KeyedLock;
  readonly leases: Leases;
  readonly jobs: Jobs;
  readonly events: Events;
  readonly uses: ImageUses;
  readonly commits: CommitSources;
  readonly registry: Registry;
  readonly holds: Holds;
  readonly limits: UnpackLimits;
  now(): number;
};

/** A layer of ten gigabytes in ten megabytes is a bomb; one of 64 GiB is refused whatever it came as. */
export const defaultLimits: UnpackLimits = { maxBytes: 64 * 2 ** 30, maxEntries: 4_000_000, maxRatio: 300 };

const absentRegistry: Registry = {
  pull: (reference) => Promise.reject(registryUnsupported(`pull ${familiarName(reference)}`)),
};

export function openImages(deps: ImagesDeps): Images {
  const { registry = absentRegistry } = deps;
  const { home, db, jobs, events, uses, commits, limits = defaultLimits, chownToSelf = false, now = Date.now } = deps;
  const snapshotter = deps.snapshotter ?? createOverlaySnapshotter({ home, jobs, limits, chownToSelf });
  const blobs = keepBlobs(openBlobStore(home), deps.keeper ?? { keeps: () => false, all: () => [] });
  const store = openImageStore({ blobs, snapshotter, table: openImageTable(db) });
  const leases = createLeases();
  const holds = createHolds((imageId) => {
    const image = store.byId(imageId);
    if (!image?.detached || uses.of(imageId).length > 0) return;
    store.table.removeImage(image.id);
    store.blobs.remove(image.id);
    store.refresh();
    collectLayers(store, leases);
  });
  return { store, locks: createKeyedLock(), leases, jobs, events, uses, commits, registry, holds, limits, now };
}
