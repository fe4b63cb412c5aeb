/** POST /images/create?fromImage=…: an image from a registry into the store. */
import type { Digest } from "../../../base/digest.ts";
import { digestOf } from "../../../base/digest.ts";
import { maxConfigBytes, parseImageFile } from "../../config/image-config.ts";
import { formatPlatform, hostPlatform, type Platform, platformMatches } from "../../config/platform.ts";
import { translateStorageError } from "../../errors.ts";
import { imageEvent } from "../../image-event.ts";
import type { Images } from "../../images.ts";
import type { Progress } from "../../progress.ts";
import { canonicalName, familiarName, familiarRepository, type Reference } from "../../reference/reference.ts";
import { collectLayers } from "../../store/collect.ts";
import type { Image } from "../../store/image-store.ts";
import { hasLayer } from "../../store/keep-layer.ts";
import { recordImage } from "../../store/record-image.ts";
import type { Credentials } from "../auth/credentials.ts";
import { openClients, type RegistryClient } from "../client.ts";
import type { Manifest } from "../content/manifest.ts";
import { badContent, registryError, wrongDigest } from "../errors.ts";
import type { Registries } from "../registries.ts";
import { createLayerProgress } from "./layer-progress.ts";
import { pullLayers } from "./pull-layers.ts";
import { firstOf, resolveManifest } from "./resolve.ts";

export type PullOptions = {
  /** Null: the host's. */
  platform: Platform | null;
  credentials: Credentials;
  progress: Progress;
  signal: AbortSignal;
};

/** `reference` has a tag or a digest. */
export async function pullImage(
  images: Images,
  { settings, downloads, manifests }: Registries,
  reference: Reference,
  { platform, credentials, progress, signal }: PullOptions,
): Promise<Digest> {
  const clients = openClients(reference, { credentials, settings });
  const shown = reference.digest ?? reference.tag ?? "latest";
  const present = await findPresent(images, reference, clients, platform, signal);
  if (present) {
    await progress.send({ status: `Pulling from ${pathShown(reference)}`, id: shown });
    await finish(images, reference, present.image.id, present.digest, false, progress);
    return present.image.id;
  }
  const { client, rootDigest, manifest } = await resolveManifest(reference, { clients, platform, signal });
  await progress.send({ status: `Pulling from ${pathShown(reference)}`, id: shown });
  const config = await fetchConfig(client, manifest, reference, signal);
  const file = parseImageFile(config);
  if (file.diffIds.length !== manifest.layers.length) {
    const counts = `${manifest.layers.length} layers, its configuration ${file.diffIds.length}`;
    throw badContent(`the manifest of ${familiarName(reference)}`, `it has ${counts}`);
  }
  checkPlatform(reference, platform, file);
  const before = images.store.byId(manifest.config.digest);
  using lease = images.leases.take([]);
  try {
    const layerProgress = createLayerProgress(progress);
    const { layers } = manifest;
    await pullLayers(images, {
      ...{ client, downloads, layers, lease, signal },
      diffIds: file.diffIds,
      progress: layerProgress,
    });
    signal.throwIfAborted();
    const id = recordImage(images, { config, parent: null });
    manifests.keep(id, manifest, images.now());
    await finish(images, reference, id, rootDigest, before === null || before.detached, progress);
    return id;
  } catch (error) {
    lease[Symbol.dispose]();
    collectLayers(images.store, images.leases);
    throw translateStorageError(error, `pull ${familiarName(reference)}`);
  }
}

/** One HEAD, or nothing at all where a digest says what it is. */
async function findPresent(
  { store }: Images,
  reference: Reference,
  clients: readonly RegistryClient[],
  platform: Platform | null,
  signal: AbortSignal,
): Promise<{ image: Image; digest: Digest } | null> {
  const named = (digest: Digest): Image | null => {
    const name = canonicalName({ ...reference, tag: null, digest });
    return store.list().find(({ references }) => references.some((one) => canonicalName(one) === name)) ?? null;
  };
  const usable = (image: Image | null) =>
    image !== null && isFor(image, platform) && image.chainIds.every((chainId) => hasLayer(store, chainId));
  if (reference.digest !== null) {
    const image = named(reference.digest);
    return image && usable(image) ? { image, digest: reference.digest } : null;
  }
  const sameRepository = ({ domain, path, digest }: Reference) =>
    digest !== null && domain === reference.domain && path === reference.path;
  if (!store.list().some(({ references }) => references.some(sameRepository))) return null;
  const { answer } = await firstOf(clients, reference, signal, (one) => one.head(reference.tag ?? "latest", signal));
  const image = answer.digest === null ? null : named(answer.digest);
  return image && answer.digest && usable(image) ? { image, digest: answer.digest } : null;
}

function isFor({ file }: Image, platform: Platform | null): boolean {
  const { os, variant } = file;
  const architecture = file.architecture || hostPlatform().architecture;
  return platformMatches(platform ?? hostPlatform(), { os, architecture, variant });
}

async function fetchConfig(client: RegistryClient, { config }: Manifest, reference: Reference, signal: AbortSignal) {
  const what = `the configuration of ${familiarName(reference)}`;
  if (config.size > maxConfigBytes) throw badContent(what, `it is larger than ${maxConfigBytes} bytes`);
  const answer = await client.blob(config, null, signal);
  const bytes = await answer.bytes(Math.min(maxConfigBytes, config.size + 1));
  if (bytes.byteLength !== config.size)
    throw badContent(what, `it has ${bytes.byteLength} bytes, but ${config.size} were announced`);
  const digest = digestOf(bytes);
  if (digest !== config.digest) throw wrongDigest(what, config.digest, digest);
  return bytes;
}

function checkPlatform(
  reference: Reference,
  wanted: Platform | null,
  file: { os: string; architecture: string; variant: string },
) {
  if (wanted === null || platformMatches(wanted, file)) return;
  throw registryError(
    "not_found",
    "wrong_platform",
    `image with reference ${familiarName(reference)} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
    { hint: `it is for ${formatPlatform(file)}` },
  );
}

async function finish(
  images: Images,
  reference: Reference,
  id: Digest,
  digest: Digest,
  isNew: boolean,
  progress: Progress,
): Promise<void> {
  const { table } = images.store;
  const names = [canonicalName({ ...reference, tag: null, digest })];
  if (reference.digest === null) names.push(canonicalName(reference));
  const has = new Set(images.store.byId(id)?.references.map(canonicalName));
  const missing = names.filter((name) => !has.has(name));
  for (const name of missing) table.setName(name, id, images.now());
  if (missing.length > 0) images.store.refresh();
  imageEvent(images, "pull", id, familiarName(reference));
  await progress.send({ status: `Digest: ${digest}` });
  const changed = isNew || missing.length > 0;
  const state = changed ? "Downloaded newer image for" : "Image is up to date for";
  await progress.send({ status: `Status: ${state} ${familiarName(reference)}` });
}

function pathShown(reference: Reference): string {
  const repository = familiarRepository(reference);
  return reference.domain === "docker.io" ? reference.path : repository.slice(reference.domain.length + 1);
}
