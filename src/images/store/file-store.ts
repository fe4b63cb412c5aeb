/**
 * Every file once: `files/` with objects by content, a tree and a recipe for each layer by its diff id (docs/protocol.md).
 * The native core reads and writes it; here is decided which layers stay.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestHex, parseDigest } from "../../base/digest.ts";
import type { UnpackLimits } from "../../engines/index.ts";
import type { Jobs } from "../dependencies.ts";
import type { Change, Freed, LayerBytes, UnpackOptions } from "../layers/snapshotter.ts";

export type IngestedLayer = { digest: Digest; diffId: Digest; sizeBytes: number; blobBytes: number };

export type FileStore = {
  readonly path: string;
  /** The directory that gives the files of images their contents. */
  readonly objects: string;
  has(diffId: Digest): boolean;
  /** Takes a layer in; it is there, or nothing is. */
  ingest(bytes: LayerBytes, options: UnpackOptions): Promise<IngestedLayer>;
  /** The layer's uncompressed tar, bit by bit as it came. */
  openTar(diffId: Digest): AsyncIterable<Uint8Array>;
  /** Writes the EROFS image of these layers (bottom first), without contents. */
  compose(diffIds: readonly Digest[], out: string): Promise<void>;
  /** What differs between the merged trees that `compose` leaves beside two images, in order of paths. */
  diff(fromTree: string, toTree: string, signal: AbortSignal): Promise<Change[]>;
  layers(): Digest[];
  /** Rehashes layers and their objects, all without `diffIds`; `remove` takes damaged objects away. */
  verify(options: VerifyFiles): Promise<{ bad: BadFile[]; objects: number; sizeBytes: number }>;
  /** What lies here, and what of it the layers of each image name; in disk blocks. */
  usage(images: readonly (readonly Digest[])[]): Promise<FilesUsage>;
  /** Takes a layer's name away, so that it can be taken in again. */
  forget(diffId: Digest): void;
  /** Removes layers that are not kept, then every object that no layer names. */
  collect(keep: ReadonlySet<Digest>, always: boolean): Promise<Freed>;
};

export type FilesUsage = {
  /** All objects. */
  sizeBytes: number;
  /** Trees and recipes. */
  metadataBytes: number;
  images: { sizeBytes: number; sharedBytes: number }[];
};

export type VerifyFiles = { diffIds?: readonly Digest[] | undefined; remove: boolean; signal: AbortSignal };
export type BadFile = { what: "tree" | "recipe" | "object"; id: string; reason: string; layers: Digest[] };

type Options = { home: string; jobs: Jobs; limits: UnpackLimits };

export function openFileStore({ home, jobs, limits }: Options): FileStore {
  const path = join(home, "files");
  const objects = join(path, "objects");
  const trees = join(path, "trees");
  const recipes = join(path, "recipes");
  mkdirSync(trees, { recursive: true, mode: 0o700 });
  const layers = () =>
    readdirSync(trees)
      .filter((entry) => /^[0-9a-f]{64}$/.test(entry))
      .map((entry) => `sha256:${entry}` as Digest);
  /** The recipe last: a tree without one would be a layer that cannot be given back. */
  const forget = (diffId: Digest) => {
    for (const directory of [trees, recipes]) rmSync(join(directory, digestHex(diffId)), { force: true });
  };
  return {
    path,
    objects,
    has: (diffId) => existsSync(join(trees, digestHex(diffId))),
    async ingest(bytes, { expectedDigest, signal, copyTo }) {
      const done = await jobs.run(
        {
          t: "layerIngest",
          store: path,
          source: "file" in bytes ? { path: bytes.file } : { stream: true },
          limits,
          ...(expectedDigest === null ? {} : { expectedDigest }),
          ...(copyTo === undefined || "file" in bytes ? {} : { blob: copyTo }),
        },
        { signal, ...("file" in bytes ? {} : { input: bytes.chunks }) },
      );
      return {
        digest: parseDigest(done.digest, "the native core's answer"),
        diffId: parseDigest(done.diffId, "the native core's answer"),
        sizeBytes: Number(done.sizeBytes),
        blobBytes: Number(done.compressedBytes),
      };
    },
    openTar: (diffId) => jobs.stream({ t: "tarCat", store: path, diffId, compression: "none" }),
    async compose(diffIds, out) {
      await jobs.run({ t: "imageCompose", store: path, diffIds, out });
    },
    async diff(from, to, signal) {
      const found: Change[] = [];
      const onFrame = ({ path, kind }: Readonly<Record<string, unknown>>) => {
        if (kind === 0 || kind === 1 || kind === 2) found.push({ Path: String(path), Kind: kind });
      };
      await jobs.run({ t: "treeDiff", from, to }, { signal, onFrame });
      return found.sort((a, b) => (a.Path < b.Path ? -1 : a.Path > b.Path ? 1 : a.Kind - b.Kind));
    },
    layers,
    async verify({ diffIds, remove, signal }) {
      const bad: BadFile[] = [];
      const done = await jobs.run(
        { t: "storeVerify", store: path, content: true, remove, ...(diffIds ? { diffIds } : {}) },
        { signal, onFrame: (frame) => void bad.push(frame as unknown as BadFile) },
      );
      return { bad, objects: Number(done.objects), sizeBytes: Number(done.sizeBytes) };
    },
    async usage(images) {
      if (!existsSync(objects)) return { sizeBytes: 0, metadataBytes: 0, images: [] };
      const done = await jobs.run({ t: "storeUsage", store: path, images });
      const list = done.images as { sizeBytes: number | bigint; sharedBytes: number | bigint }[];
      return {
        sizeBytes: Number(done.sizeBytes),
        metadataBytes: Number(done.metadataBytes),
        images: list.map((one) => ({ sizeBytes: Number(one.sizeBytes), sharedBytes: Number(one.sharedBytes) })),
      };
    },
    forget,
    async collect(keep, always) {
      const strays = layers().filter((diffId) => !keep.has(diffId));
      strays.forEach(forget);
      if (strays.length === 0 && !(always && existsSync(objects))) return { items: 0, sizeBytes: 0 };
      const done = await jobs.run({ t: "objectsCollect", store: path });
      return { items: strays.length + Number(done.drafts), sizeBytes: Number(done.removedBytes) };
    },
  };
}
