/** GET /images/{name}/history: newest first; layers that came from elsewhere have no id. */
import type { ApiRequest } from "../../api/index.ts";
import type { HistoryEntry } from "../config/image-config.ts";
import type { Images } from "../images.ts";
import type { Image } from "../store/image-store.ts";
import { requirePlatform } from "./asked-platform.ts";
import { repoNames } from "./list.ts";

export type HistoryItem = {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
};

export function handleHistory(images: Images, request: ApiRequest): void {
  const image = images.store.find(request.params.name ?? "");
  requirePlatform(image, request.query.getAll("platform"));
  request.sendJson(200, imageHistory(images, image));
}

export function imageHistory(images: Images, image: Image): HistoryItem[] {
  const sizes = image.chainIds.map((chainId) => images.store.table.layer(chainId)?.sizeBytes ?? 0);
  // Entries without a layer take none; an image without history has one entry a layer.
  const entries: HistoryEntry[] = image.file.history.length > 0 ? image.file.history : sizes.map(() => ({}));
  let layer = 0;
  const items = entries.map(
    (entry): HistoryItem => ({
      Id: "<missing>",
      Created: Math.floor((Date.parse(entry.created ?? "") || 0) / 1000),
      CreatedBy: entry.created_by ?? "",
      Tags: null,
      Size: entry.empty_layer ? 0 : (sizes[layer++] ?? 0),
      Comment: entry.comment ?? "",
    }),
  );
  const newest = items.at(-1);
  if (newest) newest.Id = image.id;
  nameAncestors(images, image, items);
  return items.reverse();
}

/** Ids and tags, as far as the parents made here go. */
function nameAncestors(images: Images, image: Image, items: readonly HistoryItem[]): void {
  for (let at: Image | null = image; at !== null; at = at.parent ? images.store.byId(at.parent) : null) {
    const item = items[at.file.history.length - 1];
    if (!item) return;
    item.Id = at.id;
    item.Tags = repoNames(at.references).RepoTags;
  }
}
