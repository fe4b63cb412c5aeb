/** POST /commit: a container's changes become a layer on top of its image. */
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import type { Digest } from "../../base/digest.ts";
import { invalidArgument } from "../../base/errors.ts";
import { applyChanges } from "../config/changes.ts";
import { type ImageConfig, maxLayers, parseImageConfig } from "../config/image-config.ts";
import { isObject } from "../config/json-fields.ts";
import { hostPlatform } from "../config/platform.ts";
import type { CommitSource } from "../dependencies.ts";
import { badConfig, noSuchImage, translateStorageError } from "../errors.ts";
import type { Images } from "../images.ts";
import type { Reference } from "../reference/reference.ts";
import { addLayer } from "../store/add-layer.ts";
import { collectLayers } from "../store/collect.ts";
import type { Image } from "../store/image-store.ts";
import { recordImage } from "../store/record-image.ts";
import { tagImage, targetReference } from "./tag.ts";

export type CommitOptions = {
  reference: Reference | null;
  comment: string;
  author: string;
  changes: readonly string[];
  /** Replaces what it names of the container's own. */
  config: ImageConfig;
  signal: AbortSignal;
};

export async function handleCommit(images: Images, request: ApiRequest): Promise<void> {
  const { query, signal } = request;
  const container = query.get("container") ?? "";
  if (container === "")
    throw invalidArgument("image.no_container", "Cannot commit: the parameter container is missing");
  const body = (await request.json()) ?? {};
  if (!isObject(body)) throw badConfig("the body is not an object");
  const options: CommitOptions = {
    reference: targetReference(query),
    comment: query.get("comment") ?? "",
    author: query.get("author") ?? "",
    changes: query.getAll("changes"),
    config: parseImageConfig(body),
    signal,
  };
  applyChanges({}, options.changes); // refused before the container is paused
  await using source = await images.commits.open(container, { pause: boolQuery(query, "pause", true) });
  request.sendJson(201, { Id: await commitContainer(images, source, options) });
}

export async function commitContainer(images: Images, source: CommitSource, options: CommitOptions): Promise<Digest> {
  const base = images.store.byId(source.imageId);
  if (!base) throw noSuchImage(source.imageId);
  if (base.chainIds.length >= maxLayers) {
    throw badConfig(`its image has ${base.chainIds.length} layers already, ${maxLayers} are allowed`);
  }
  const { reference, signal } = options;
  using _baseLease = images.leases.take(base.chainIds);
  try {
    const chunks = images.jobs.stream({ t: "layerTar", upper: source.upper, compression: "none" }, { signal });
    const { diffId, lease } = await addLayer(images, base.chainIds, { chunks }, signal);
    using _lease = lease;
    const config = Buffer.from(JSON.stringify(committedConfig(images, base, source, options, diffId)));
    const parent = base.detached ? null : base.id;
    const id = recordImage(images, { config, parent });
    if (reference) tagImage(images, id, reference);
    const attributes = { ...source.attributes, comment: options.comment, imageID: id };
    images.events.publish({ type: "container", action: "commit", id: source.id, attributes });
    return id;
  } catch (error) {
    collectLayers(images.store, images.leases);
    throw translateStorageError(error, "commit the container");
  }
}

function committedConfig(images: Images, base: Image, source: CommitSource, options: CommitOptions, diffId: Digest) {
  const created = new Date(images.now()).toISOString();
  const { file } = base;
  const { author, comment } = options;
  return {
    architecture: file.architecture || hostPlatform().architecture,
    ...(file.variant === "" ? {} : { variant: file.variant }),
    os: file.os,
    created,
    ...(author === "" ? {} : { author }),
    ...(comment === "" ? {} : { comment }),
    container: source.id,
    config: applyChanges(mergeConfig(source.config, options.config), options.changes),
    rootfs: { type: "layers", diff_ids: [...file.diffIds, diffId] },
    history: [
      ...file.history,
      {
        created,
        created_by: (source.config.Cmd ?? []).join(" "),
        ...(author === "" ? {} : { author }),
        ...(comment === "" ? {} : { comment }),
      },
    ],
  };
}

/** Lists and texts of the body replace the container's; maps and variables are laid over them. */
export function mergeConfig(own: ImageConfig, given: ImageConfig): ImageConfig {
  const out: ImageConfig = { ...own, ...given };
  if (own.Env && given.Env) {
    const names = new Set(given.Env.map((item) => item.split("=", 1)[0]));
    out.Env = [...given.Env, ...own.Env.filter((item) => !names.has(item.split("=", 1)[0]))];
  }
  for (const key of ["ExposedPorts", "Volumes"] as const) {
    if (own[key] && given[key]) out[key] = { ...own[key], ...given[key] };
  }
  if (own.Labels && given.Labels) out.Labels = { ...own.Labels, ...given.Labels };
  return out;
}
