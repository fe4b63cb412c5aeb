/** POST /images/create: `fromSrc=-` imports a root filesystem; `fromImage` would pull it from a registry. */
import type { ApiRequest } from "../../api/index.ts";
import { type Digest, parseDigest } from "../../base/digest.ts";
import { invalidArgument } from "../../base/errors.ts";
import { applyChanges } from "../config/changes.ts";
import { hostPlatform, type Platform, parsePlatform } from "../config/platform.ts";
import { translateStorageError } from "../errors.ts";
import { imageEvent } from "../image-event.ts";
import type { Images } from "../images.ts";
import { streamProgress } from "../progress.ts";
import { familiarName, parseReference, type Reference, withTag } from "../reference/reference.ts";
import { addLayer } from "../store/add-layer.ts";
import { collectLayers } from "../store/collect.ts";
import { recordImage } from "../store/record-image.ts";
import { tagImage, targetReference } from "./tag.ts";

export async function handleCreate(images: Images, request: ApiRequest): Promise<void> {
  const { query } = request;
  const source = query.get("fromSrc") ?? "";
  if (source === "") return pull(images, request);
  if (source !== "-") {
    throw invalidArgument(
      "image.bad_source",
      "Cannot import: only fromSrc=- is supported",
      "download the file, then import it",
    );
  }
  const options: ImportOptions = {
    reference: targetReference(query),
    changes: query.getAll("changes"),
    message: query.get("message") ?? "",
    platform: parsePlatform(query.get("platform")) ?? hostPlatform(),
    signal: request.signal,
  };
  applyChanges({}, options.changes); // refused before anything is read
  await streamProgress(request, async (progress) => {
    await progress.send({ status: await importImage(images, request.body(), options) });
  });
}

/** Without a tag or digest: every tag of the repository. */
async function pull(images: Images, request: ApiRequest): Promise<void> {
  const { query, signal, headers } = request;
  const tag = query.get("tag") ?? "";
  const named = parseReference(query.get("fromImage") ?? "");
  const digest = /^[a-z0-9]+:/.test(tag) ? parseDigest(tag, "the parameter tag") : named.digest;
  const reference = digest !== null ? { ...named, tag: null, digest } : tag === "" ? named : withTag(named, tag);
  const platform = parsePlatform(query.get("platform"));
  const { pullImage, pullTags, parseRegistryAuth } = await import("../registry/pull/index.ts");
  const credentials = parseRegistryAuth(headers["x-registry-auth"]);
  const registries = await images.registries();
  await streamProgress(request, async (progress) => {
    const options = { platform, progress, signal, credentials };
    if (reference.tag === null && reference.digest === null) await pullTags(images, registries, reference, options);
    else await pullImage(images, registries, reference, options);
  });
}

export type ImportOptions = {
  reference: Reference | null;
  changes: readonly string[];
  message: string;
  platform: Platform;
  signal: AbortSignal;
};

export async function importImage(
  images: Images,
  body: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<Digest> {
  const { reference, changes, message, platform, signal } = options;
  try {
    const { diffId, lease } = await addLayer(images, [], { chunks: body }, signal);
    using _lease = lease;
    const created = new Date(images.now()).toISOString();
    const config = JSON.stringify({
      architecture: platform.architecture,
      ...(platform.variant === "" ? {} : { variant: platform.variant }),
      os: platform.os,
      created,
      comment: message,
      config: applyChanges({}, changes),
      rootfs: { type: "layers", diff_ids: [diffId] },
      history: [{ created, comment: message }],
    });
    const id = recordImage(images, { config: Buffer.from(config), parent: null });
    if (reference) tagImage(images, id, reference);
    imageEvent(images, "import", id, reference ? familiarName(reference) : id);
    return id;
  } catch (error) {
    collectLayers(images.store, images.leases);
    throw translateStorageError(error, "import the file system");
  }
}
