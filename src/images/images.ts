/** What every verb of this feature works on, and how it is opened. */

import type { Digest } from "../base/digest.ts";
import type { UnpackLimits } from "../engines/index.ts";
import type { Database, Events } from "../state/index.ts";
import { type ChunkLists, createChunkLists } from "./chunks/chunk-lists.ts";
import { type ChunkStore, withChunkedBlobs } from "./chunks/chunked-blobs.ts";
import type { CommitSources, ImageMounts, ImageUses, Jobs } from "./dependencies.ts";
import { createHolds, type Holds } from "./holds.ts";
import { createErofsSnapshotter } from "./layers/erofs-snapshotter.ts";
import { createOverlaySnapshotter } from "./layers/overlay-snapshotter.ts";
import type { SnapshotterName } from "./layers/snapshotter.ts";
import { sweepPartials } from "./registry/download/sweep-partials.ts";
import type { Registries } from "./registry/registries.ts";
import { defaultRegistrySettings, type RegistrySettings } from "./registry/settings.ts";
import { openBlobStore } from "./store/blob-store.ts";
import { collectLayers } from "./store/collect.ts";
import { type FileStore, openFileStore } from "./store/file-store.ts";
import { type ImageStore, openImageStore } from "./store/image-store.ts";
import { openImageTable } from "./store/image-table.ts";
import { type BlobKeeper, keepBlobs } from "./store/kept-blobs.ts";
import { createKeyedLock, type KeyedLock } from "./store/keyed-lock.ts";
import { withLayerBlobs } from "./store/layer-blobs.ts";
import { createLeases, type Leases } from "./store/leases.ts";

export type ImagesDeps = {
  /** `$HYPERBOX_HOME`. */
  home: string;
  db: Database;
  jobs: Jobs;
  events: Events;
  uses: ImageUses;
  commits: CommitSources;
  /** How registries are reached. Default: no mirrors, no exceptions. */
  registrySettings?: RegistrySettings;
  /** Who else holds blobs of the store. Default: nobody. */
  keeper?: BlobKeeper;
  /** In which form layers come in and containers start. Default: a directory per layer for overlayfs. */
  storageDriver?: SnapshotterName;
  mounts?: ImageMounts;
  /** On which every start mounts something; directories end with a slash. */
  mountPoints?: readonly string[];
  limits?: UnpackLimits;
  chownToSelf?: boolean;
  now?: () => number;
};

export type Images = {
  /** Of what content-defined chunks the blobs here are. */
  readonly chunks: ChunkLists;
  /** Keeps content as chunks; it is read as a blob like others. */
  readonly chunkStore: ChunkStore;
  readonly store: ImageStore;
  readonly files: FileStore;
  readonly locks: KeyedLock;
  readonly leases: Leases;
  readonly jobs: Jobs;
  readonly events: Events;
  readonly uses: ImageUses;
  readonly commits: CommitSources;
  /** Loaded when first asked for: most days of a daemon pass without a registry. */
  registries(): Promise<Registries>;
  readonly holds: Holds;
  /** When containers let go of images, since this was last written down. */
  readonly lastUses: Map<Digest, number>;
  readonly limits: UnpackLimits;
  /** Set while the daemon stops: what is half pulled is then kept for the next one. */
  closing: boolean;
  now(): number;
};

/** A layer of ten gigabytes in ten megabytes is a bomb; one of 64 GiB is refused whatever it came as. */
export const defaultLimits: UnpackLimits = { maxBytes: 64 * 2 ** 30, maxEntries: 4_000_000, maxRatio: 300 };

/** For who never asks for the form that mounts. */
const noMounts: ImageMounts = {
  find: () => undefined,
  mount: () => Promise.reject(new Error("nobody mounts images here")),
  unmount: () => Promise.resolve(),
};

export function openImages(deps: ImagesDeps): Images {
  const { registrySettings = defaultRegistrySettings } = deps;
  const { home, db, jobs, events, uses, commits, limits = defaultLimits, chownToSelf = false, now = Date.now } = deps;
  const table = openImageTable(db);
  const files = openFileStore({ home, jobs, limits });
  const keeper = deps.keeper ?? { keeps: () => false, all: () => [] };
  const chunked = withChunkedBlobs(openBlobStore(home), { home, jobs });
  const own = keepBlobs(chunked.blobs, keeper);
  const blobs = withLayerBlobs(own, files, table);
  const forms = [
    createOverlaySnapshotter({ home, jobs, limits, chownToSelf }),
    createErofsSnapshotter({ files, mounts: deps.mounts ?? noMounts, mountPoints: deps.mountPoints ?? [] }),
  ] as const;
  const snapshotter = forms.find(({ name }) => name === deps.storageDriver) ?? forms[0];
  const store = openImageStore({ blobs, snapshotter, forms, table, keptBlobs: keeper.all });
  const lastUses = new Map<Digest, number>();
  const leases = createLeases();
  sweepPartials(home, now());
  const holds = createHolds((imageId) => {
    const image = store.byId(imageId);
    if (image) lastUses.set(image.id, now());
    if (!image?.detached || uses.of(imageId).length > 0) return;
    store.table.removeImage(image.id);
    store.blobs.remove(image.id);
    store.refresh();
    collectLayers(store, leases);
  });
  let opened: Promise<Registries> | null = null;
  const registries = () => {
    opened ??= import("./registry/registries.ts").then(({ openRegistries }) =>
      openRegistries(home, db, registrySettings),
    );
    return opened;
  };
  const chunks = createChunkLists({ home, blobs: store.blobs, jobs, limits });
  const services = { chunks, chunkStore: chunked.chunks, jobs, events, uses, commits, registries, holds, limits, now };
  return { store, files, lastUses, locks: createKeyedLock(), leases, ...services, closing: false };
}
