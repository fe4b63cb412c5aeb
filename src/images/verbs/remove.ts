/** DELETE /images/{name}: loses a name, or the image with its layers. The rules and texts are Docker's. */
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import type { Digest } from "../../base/digest.ts";
import { shortId } from "../../base/ids.ts";
import { removalConflict } from "../errors.ts";
import { imageEvent } from "../image-event.ts";
import type { Images } from "../images.ts";
import type { Freed } from "../layers/snapshotter.ts";
import { parseImageName } from "../reference/parse-any.ts";
import { canonicalName, familiarName, type Reference } from "../reference/reference.ts";
import { collectLayers } from "../store/collect.ts";
import type { Image } from "../store/image-store.ts";
import { requirePlatform } from "./asked-platform.ts";

export type RemovedItem = { Untagged: string } | { Deleted: string };
export type Removal = { items: RemovedItem[] /** Resolve when the files are gone. */; freed: Promise<Freed>[] };
export type RemoveOptions = { force: boolean; prune: boolean };

export function handleRemove(images: Images, request: ApiRequest): void {
  // Whoever names platforms must not lose the image of another.
  requirePlatform(images.store.find(request.params.name ?? ""), request.query.getAll("platforms"));
  const options = { force: boolQuery(request.query, "force"), prune: !boolQuery(request.query, "noprune") };
  request.sendJson(200, removeImage(images, request.params.name ?? "", options).items);
}

export function removeImage(images: Images, name: string, { force, prune }: RemoveOptions): Removal {
  const image = images.store.find(name);
  const removal: Removal = { items: [], freed: [] };
  const single = isSingleReference(image.references);
  const reference = namedReference(image, name);
  if (reference) {
    const user = firstUse(images, image.id);
    if (!force && single && user) {
      throw removalConflict(
        `unable to remove repository reference ${JSON.stringify(name)} (must force) - container ${shortId(user.containerId)} is using its referenced image ${shortId(image.id)}`,
      );
    }
    untag(images, image, [reference, ...orphanedDigests(image, reference)], removal);
    if ((images.store.byId(image.id)?.references.length ?? 0) > 0) return removal;
  } else {
    checkConflict(images, image, force, single);
  }
  deleteImage(images, image, { force, prune, quiet: reference !== null }, removal);
  return removal;
}

/** The name of the image that was meant, or null where it was named by its id. */
function namedReference(image: Image, text: string): Reference | null {
  const name = parseImageName(text);
  if (name.kind === "id") return null;
  const { reference } = name;
  const wanted = canonicalName(reference);
  const byDigest = reference.digest === null ? null : canonicalName({ ...reference, tag: null });
  return image.references.find((item) => canonicalName(item) === wanted || canonicalName(item) === byDigest) ?? null;
}

function isSingleReference(references: readonly Reference[]): boolean {
  const [first, second, third] = references;
  if (!first || !second) return true;
  if (third) return false;
  const sameRepository = first.domain === second.domain && first.path === second.path;
  return sameRepository && (first.digest === null) !== (second.digest === null);
}

/** Digest names of a repository that loses its last tag. */
function orphanedDigests(image: Image, removed: Reference): Reference[] {
  const sameRepository = image.references.filter(
    (item) => item !== removed && item.domain === removed.domain && item.path === removed.path,
  );
  return removed.tag !== null && sameRepository.every((item) => item.tag === null) ? sameRepository : [];
}

function untag(images: Images, image: Image, references: readonly Reference[], removal: Removal): void {
  for (const reference of references) {
    images.store.table.removeName(canonicalName(reference));
    removal.items.push({ Untagged: familiarName(reference) });
    imageEvent(images, "untag", image.id, image.id);
  }
  images.store.refresh();
}

function firstUse(images: Images, id: Digest): { containerId: string; running: boolean } | null {
  const held = images.holds.of(id).values().next().value;
  return images.uses.of(id)[0] ?? (held === undefined ? null : { containerId: held, running: false });
}

function checkConflict(images: Images, image: Image, force: boolean, referencesMayGo: boolean): void {
  const id = shortId(image.id);
  if (images.store.childrenOf(image.id).length > 0) {
    throw removalConflict(`unable to delete ${id} (cannot be forced) - image has dependent child images`);
  }
  const running = images.uses.of(image.id).find((use) => use.running);
  if (running) {
    throw removalConflict(
      `unable to delete ${id} (cannot be forced) - image is being used by running container ${shortId(running.containerId)}`,
    );
  }
  if (force) return;
  if (!referencesMayGo && image.references.length > 0) {
    throw removalConflict(`unable to delete ${id} (must be forced) - image is referenced in multiple repositories`);
  }
  const stopped = firstUse(images, image.id);
  if (stopped) {
    throw removalConflict(
      `unable to delete ${id} (must be forced) - image is being used by stopped container ${shortId(stopped.containerId)}`,
    );
  }
}

type DeleteOptions = RemoveOptions & {
  /** A name went already: what keeps the image itself is then no error, unless it has become dangling unused. */
  quiet: boolean;
};

export function deleteImage(
  images: Images,
  image: Image,
  { force, prune, quiet }: DeleteOptions,
  removal: Removal,
): void {
  const { store } = images;
  if (quiet && (firstUse(images, image.id)?.running === true || store.childrenOf(image.id).length > 0)) return;
  if (!quiet) checkConflict(images, image, force, true);
  else if (!force && firstUse(images, image.id)) return;
  untag(images, image, store.byId(image.id)?.references ?? [], removal);
  imageEvent(images, "delete", image.id, image.id);
  removal.items.push({ Deleted: image.id });
  if (firstUse(images, image.id)) store.table.detach(image.id);
  else {
    store.table.removeImage(image.id);
    store.blobs.remove(image.id);
  }
  store.refresh();
  const { chainIds, finished } = collectLayers(store, images.leases);
  removal.items.push(...chainIds.map((chainId) => ({ Deleted: chainId })));
  removal.freed.push(finished);
  const parent = prune && image.parent ? store.byId(image.parent) : null;
  if (parent && parent.references.length === 0)
    deleteImage(images, parent, { force: false, prune, quiet: true }, removal);
}
