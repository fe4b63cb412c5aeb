/** POST /images/prune: removes images that nobody uses; those without a name unless told otherwise. */
import { type ApiRequest, type Filters, parseFilters } from "../../api/index.ts";
import { EngineError } from "../../base/errors.ts";
import { isDangling, parseFlag, parseImageFilters } from "../filters.ts";
import type { Images } from "../images.ts";
import { canonicalName } from "../reference/reference.ts";
import { collectLayers } from "../store/collect.ts";
import type { Image } from "../store/image-store.ts";
import { type Removal, type RemovedItem, removeImage } from "./remove.ts";

export async function handlePrune(images: Images, request: ApiRequest): Promise<void> {
  const filters = parseFilters(request.query, ["dangling", "until", "label", "label!"]);
  const { items, freedBytes } = await pruneImages(images, filters);
  request.sendJson(200, { ImagesDeleted: items.length === 0 ? null : items, SpaceReclaimed: freedBytes });
}

export type Pruned = { items: RemovedItem[]; freedBytes: number };

/** Answers when the disk has the space back. */
export async function pruneImages(images: Images, filters: Filters): Promise<Pruned> {
  const danglingOnly = parseFlag(filters, "dangling") ?? true;
  const rest = new Map([...filters].filter(([name]) => name !== "dangling"));
  const matches = parseImageFilters(images, rest);
  const removal: Removal = { items: [], freed: [] };
  for (const image of images.store.list().filter(matches)) {
    if (danglingOnly && !isDangling(images, image)) continue;
    if (images.uses.of(image.id).length > 0 || images.holds.of(image.id).size > 0) continue;
    removeNames(images, image, removal);
  }
  removal.freed.push(collectLayers(images.store, images.leases).finished);
  const freedBytes = (await Promise.all(removal.freed)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  images.events.publish({
    type: "image",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(freedBytes) },
  });
  return { items: removal.items, freedBytes };
}

/** Takes an unused image with all of its names. Resolves when the disk has the space back. */
export async function removeWhole(images: Images, image: Image): Promise<void> {
  const removal: Removal = { items: [], freed: [] };
  removeNames(images, image, removal);
  await Promise.all(removal.freed);
}

function removeNames(images: Images, image: Image, removal: Removal): void {
  const names = image.references.length > 0 ? image.references.map(canonicalName) : [image.id];
  for (const name of names) removeUnused(images, name, removal);
}

/** What somebody needs after all stays: that is no failure of a prune. */
function removeUnused(images: Images, name: string, removal: Removal): void {
  try {
    const { items, freed } = removeImage(images, name, { force: false, prune: true });
    removal.items.push(...items);
    removal.freed.push(...freed);
  } catch (error) {
    if (!(error instanceof EngineError) || (error.kind !== "conflict" && error.kind !== "not_found")) throw error;
  }
}
