/** POST /hbx/v1/images/verify: rehashes what images are made of, says what is damaged, and mends what it can. */
import { createHash } from "node:crypto";
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import type { Digest } from "../../base/digest.ts";
import { invalidArgument } from "../../base/errors.ts";
import type { Images } from "../images.ts";
import { familiarName } from "../reference/reference.ts";
import type { Image } from "../store/image-store.ts";
import type { LayerRow } from "../store/image-table.ts";
import { type Damage, mendLayers } from "./mend.ts";

export type Verified = {
  images: number;
  layers: number;
  blobs: number;
  objects: number;
  /** What was read. */
  sizeBytes: number;
  damaged: Damage[];
};

export type VerifyOptions = { mend: boolean; signal: AbortSignal };

export async function handleVerify(images: Images, request: ApiRequest): Promise<void> {
  const { query, signal } = request;
  const names = query.getAll("name");
  const all = boolQuery(query, "all");
  if (all === names.length > 0) {
    throw invalidArgument("image.verify_what", "Cannot verify: either names or all=1 are expected");
  }
  const chosen = all ? null : names.map((name) => images.store.find(name));
  request.sendJson(200, await verifyImages(images, chosen, { mend: boolQuery(query, "mend"), signal }));
}

/** Null: everything in the store, also what no image names. */
export async function verifyImages(
  images: Images,
  chosen: readonly Image[] | null,
  { mend, signal }: VerifyOptions,
): Promise<Verified> {
  const { store, leases } = images;
  const looked = chosen ?? store.list();
  const layers = uniqueLayers(looked.flatMap((image) => store.layersOf(image)));
  using _lease = leases.take(layers.flatMap(({ chainId, diffId }) => [chainId, diffId]));
  const done: Verified = {
    images: looked.length,
    layers: layers.length,
    blobs: 0,
    objects: 0,
    sizeBytes: 0,
    damaged: [],
  };
  const usersOf = (match: (image: Image) => boolean) => looked.filter(match).map(nameOf);
  const usersOfLayers = (match: (layer: LayerRow) => boolean) => {
    const chains = new Set(layers.filter(match).map(({ chainId }) => chainId));
    return usersOf((image) => image.chainIds.some((chainId) => chains.has(chainId)));
  };
  const wanted = [...looked.map(({ id }) => id), ...layers.map(({ blob }) => blob)];
  for (const digest of new Set(chosen ? wanted : [...wanted, ...store.blobs.list()])) {
    if (!store.blobs.hasFile(digest)) {
      if (store.blobs.has(digest) || !wanted.includes(digest)) continue;
      done.damaged.push({ what: "blob", id: digest, reason: "missing", images: usersOfBlob(digest), mended: false });
      continue;
    }
    const { actual, sizeBytes } = await hashOf(images, digest, signal);
    done.blobs++;
    done.sizeBytes += sizeBytes;
    if (actual === digest) continue;
    const images_ = usersOfBlob(digest);
    done.damaged.push({ what: "blob", id: digest, reason: "content", images: images_, mended: false });
  }
  for (const layer of layers) {
    if (store.forms.some((form) => form.has(layer))) continue;
    const users = usersOfLayers(({ chainId }) => chainId === layer.chainId);
    done.damaged.push({ what: "layer", id: layer.diffId, reason: "missing", images: users, mended: false });
  }
  const inFiles = layers.map(({ diffId }) => diffId).filter(images.files.has);
  const diffIds = chosen ? inFiles : undefined;
  const { bad, objects, sizeBytes } = await images.files.verify({ diffIds, remove: mend, signal });
  done.objects = objects;
  done.sizeBytes += sizeBytes;
  for (const { what, id, reason, layers: of } of bad) {
    const users = usersOfLayers(({ diffId }) => of.includes(diffId));
    done.damaged.push({ what, id, reason, images: users, mended: false });
  }
  const torn = new Set(bad.flatMap((item) => item.layers));
  for (const image of looked) {
    signal.throwIfAborted();
    const rows = store.layersOf(image);
    if (rows.some((row) => torn.has(row.diffId) || !store.snapshotter.has(row))) continue;
    const reason = await store.snapshotter.check(rows, { mend, signal });
    if (reason !== null) {
      done.damaged.push({ what: "image", id: image.id, reason, images: [nameOf(image)], mended: mend });
    }
  }
  if (mend) await mendLayers(images, layers, bad, done.damaged, signal);
  return done;

  function usersOfBlob(digest: Digest): string[] {
    const own = usersOf(({ id }) => id === digest);
    return own.length > 0 ? own : usersOfLayers(({ blob }) => blob === digest);
  }
}

async function hashOf({ store }: Images, digest: Digest, signal: AbortSignal) {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of store.blobs.open(digest)) {
    signal.throwIfAborted();
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
  }
  return { actual: `sha256:${hash.digest("hex")}`, sizeBytes };
}

function uniqueLayers(layers: readonly LayerRow[]): LayerRow[] {
  return [...new Map(layers.map((layer) => [layer.chainId, layer])).values()];
}

function nameOf(image: Image): string {
  const [reference] = image.references;
  return reference ? familiarName(reference) : image.id;
}
