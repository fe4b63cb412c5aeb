/** POST /images/prune: removes images that nobody uses; those without a name unless told otherwise. */
import { type ApiRequest, type Filters, parseFilters } from "../../api/index.ts";
import { EngineError } from "../../base/errors.ts";
import { isDangling, parseFlag, parseImageFilters } from "../filters.ts";
import type { Images } from "../images.ts";
import { canonicalName } from "../reference/reference.ts";
import { collectLayers } from "../store/collect.ts";
import { type Removal, removeImage } from "./remove.ts";

export function handlePrune(images: Images, request: ApiRequest): void {
  const filters = parseFilters(request.query, ["dangling", "until", "label", "label!"]);
  const { items, freedBytes } = pruneImages(images, filters);
  request.sendJson(200, { ImagesDeleted: items.length === 0 ? null : items, SpaceReclaimed: freedBytes });
}

export function pruneImages(images: Images, filters: Filters): Removal {
  const danglingOnly = parseFlag(filters, "dangling") ?? true;
  const rest = new Map([...filters].filter(([name]) => name !== "dangling"));
  const matches = parseImageFilters(images, rest);
  const removal: Removal = { items: [], freedBytes: 0 };
  for (const image of images.store.list().filter(matches)) {
    if (danglingOnly && !isDangling(images, image)) continue;
    if (images.uses.of(image.id).length > 0 || images.holds.of(image.id).size > 0) continue;
    const names = image.references.length > 0 ? image.references.map(canonicalName) : [image.id];
    for (const name of names) removeUnused(images, name, removal);
  }
  removal.freedBytes += collectLayers(images.store, images.leases).freedBytes;
  images.events.publish({
    type: "image",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(removal.freedBytes) },
  });
  return removal;
}

/** What somebody needs after all stays: that is no failure of a prune. */
function removeUnused(images: Images, name: string, removal: Removal): void {
  try {
    const { items, freedBytes } = removeImage(images, name, { force: false, prune: true });
    removal.items.push(...items);
    removal.freedBytes += freedBytes;
  } catch (error) {
    if (!(error instanceof EngineError) || (error.kind !== "conflict" && error.kind !== "not_found")) throw error;
  }
}
