/**
 * The image store: what is durable (tables, blobs, layers) and the index in memory from which every read is answered.
 * Reads are synchronous; a write changes the tables in one transaction and then the index.
 */
import type { Digest } from "../../base/digest.ts";
import { type ImageFile, parseImageFile } from "../config/image-config.ts";
import { ambiguousImage, layerLost, noSuchImage } from "../errors.ts";
import type { Snapshotter } from "../layers/snapshotter.ts";
import { parseImageName } from "../reference/parse-any.ts";
import { canonicalName, familiarName, parseReference, type Reference } from "../reference/reference.ts";
import type { BlobStore } from "./blob-store.ts";
import type { ImageRow, ImageTable, LayerRow } from "./image-table.ts";

export type Image = Omit<ImageRow, "names"> & {
  references: readonly Reference[];
  /** Parsed when first asked for. */
  readonly file: ImageFile;
};

export type ImageStore = {
  readonly blobs: BlobStore;
  /** The form in which layers come in and containers start. */
  readonly snapshotter: Snapshotter;
  /** Every form in which layers may still lie, that of `snapshotter` included. */
  readonly forms: readonly Snapshotter[];
  readonly table: ImageTable;
  /** Blobs that others hold too. */
  keptBlobs(): readonly Digest[];
  /** Visible images, in the order in which they came. */
  list(): readonly Image[];
  /** Detached images too. */
  byId(id: string): Image | null;
  /** By id, part of an id or reference; throws Docker's "No such image". */
  find(name: string): Image;
  /** Rows of its layers, bottom first. */
  layersOf(image: Pick<Image, "chainIds">): LayerRow[];
  childrenOf(id: Digest): readonly Image[];
  /** Reads the tables again after they changed. */
  refresh(): void;
  /** Counts up at each change; caches compare it. */
  readonly generation: number;
};

export function openImageStore(
  deps: Pick<ImageStore, "blobs" | "snapshotter" | "forms" | "table" | "keptBlobs">,
): ImageStore {
  const { blobs, table } = deps;
  const files = new Map<Digest, ImageFile>();
  let images: Image[] = [];
  let byId = new Map<string, Image>();
  let byName = new Map<string, Image>();
  let generation = 0;

  const fileOf = (id: Digest): ImageFile => {
    let file = files.get(id);
    if (file === undefined) {
      file = parseImageFile(blobs.read(id));
      files.set(id, file);
    }
    return file;
  };
  const refresh = () => {
    images = table.images().map(({ names, ...row }) => ({
      ...row,
      references: names.map(parseReference),
      get file() {
        return fileOf(row.id);
      },
    }));
    byId = new Map(images.map((image) => [image.id, image]));
    byName = new Map(images.flatMap((image) => image.references.map((reference) => [canonicalName(reference), image])));
    for (const id of files.keys()) if (!byId.has(id)) files.delete(id);
    generation++;
  };
  refresh();

  const byPrefix = (prefix: string): Image | null => {
    const found = images.filter((image) => !image.detached && image.id.startsWith(prefix, 7));
    if (found.length > 1) throw ambiguousImage(prefix);
    return found[0] ?? null;
  };
  return {
    ...deps,
    list: () => images.filter((image) => !image.detached),
    byId: (id) => byId.get(id) ?? null,
    find(text) {
      const name = parseImageName(text);
      if (name.kind === "id") {
        const image = byId.get(name.id);
        if (image && !image.detached) return image;
        throw noSuchImage(name.id);
      }
      const { reference, idPrefix } = name;
      const image =
        byName.get(canonicalName(reference)) ??
        (reference.digest === null ? undefined : byName.get(canonicalName({ ...reference, tag: null }))) ??
        (idPrefix === null ? null : byPrefix(idPrefix));
      if (!image) throw noSuchImage(familiarName(reference));
      return image;
    },
    layersOf: ({ chainIds }) =>
      chainIds.map((chainId) => {
        const layer = table.layer(chainId);
        if (!layer) throw layerLost(chainId);
        return layer;
      }),
    childrenOf: (id) => images.filter((image) => !image.detached && image.parent === id),
    refresh,
    get generation() {
      return generation;
    },
  };
}
