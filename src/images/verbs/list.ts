/** GET /images/json. */
import { type ApiRequest, boolQuery, type Filters, parseFilters } from "../../api/index.ts";
import type { Digest } from "../../base/digest.ts";
import { parseImageFilters } from "../filters.ts";
import type { Images } from "../images.ts";
import { familiarName, familiarRepository, type Reference } from "../reference/reference.ts";
import type { Image } from "../store/image-store.ts";
import { refuseManifests } from "./asked-platform.ts";

export type ImageSummary = {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  /** Seconds since the epoch. */
  Created: number;
  Size: number;
  /** -1: not asked for. */
  SharedSize: number;
  /** Before API 1.44. */
  VirtualSize?: number;
  Labels: Record<string, string> | null;
  /** -1: not asked for. */
  Containers: number;
};

const filterNames = ["dangling", "label", "before", "since", "reference", "until"] as const;

export function handleList(images: Images, request: ApiRequest): void {
  const { query, version } = request;
  const filters = parseFilters(query, filterNames);
  refuseManifests(query);
  const summaries = listImages(images, {
    all: boolQuery(query, "all"),
    filters,
    sharedSize: boolQuery(query, "shared-size"),
  });
  request.sendJson(200, version[1] < 44 ? summaries.map(withVirtualSize) : summaries);
}

export type ListOptions = { all: boolean; filters: Filters; sharedSize: boolean; countContainers?: boolean };

export function listImages(images: Images, options: ListOptions): ImageSummary[] {
  const matches = parseImageFilters(images, options.filters);
  const shared = options.sharedSize ? sharedSizes(images) : null;
  return images.store
    .list()
    .filter((image) => options.all || image.references.length > 0 || images.store.childrenOf(image.id).length === 0)
    .filter(matches)
    .map((image) => summarize(images, image, shared?.(image) ?? -1, options.countContainers ?? false))
    .sort((a, b) => b.Created - a.Created || (a.Id < b.Id ? -1 : 1));
}

function summarize(images: Images, image: Image, sharedSize: number, countContainers: boolean): ImageSummary {
  return {
    Id: image.id,
    ParentId: image.parent ?? "",
    ...repoNames(image.references),
    Created: createdSec(image),
    Size: image.sizeBytes,
    SharedSize: sharedSize,
    Labels: image.file.config.Labels ?? null,
    Containers: countContainers ? images.uses.of(image.id).length : -1,
  };
}

/** Docker's zero time is long before the epoch; tools expect 0 there. */
export function createdSec(image: Image): number {
  const ms = image.file.created === null ? Number.NaN : Date.parse(image.file.created);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

export function repoNames(references: readonly Reference[]): { RepoTags: string[]; RepoDigests: string[] } {
  return {
    RepoTags: references.filter((item) => item.digest === null).map(familiarName),
    RepoDigests: references
      .filter((item) => item.digest !== null)
      .map((item) => `${familiarRepository(item)}@${item.digest}`),
  };
}

function withVirtualSize(summary: ImageSummary): ImageSummary {
  return { ...summary, VirtualSize: summary.Size };
}

/** Bytes in layers that other images have too. */
function sharedSizes(images: Images): (image: Image) => number {
  const sizes = new Map(images.store.table.layers().map((layer) => [layer.chainId, layer.sizeBytes]));
  const users = new Map<Digest, number>();
  for (const image of images.store.list()) {
    for (const chainId of image.chainIds) users.set(chainId, (users.get(chainId) ?? 0) + 1);
  }
  return (image) => image.chainIds.reduce((sum, id) => sum + ((users.get(id) ?? 0) > 1 ? (sizes.get(id) ?? 0) : 0), 0);
}
