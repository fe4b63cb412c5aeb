/** POST /images/{name}/tag: one more name for an image, taken from another where that has it. */
import type { ApiRequest } from "../../api/index.ts";
import type { Digest } from "../../base/digest.ts";
import { invalidArgument } from "../../base/errors.ts";
import { imageEvent } from "../image-event.ts";
import type { Images } from "../images.ts";
import {
  canonicalName,
  familiarName,
  parseReference,
  type Reference,
  withDefaultTag,
  withTag,
} from "../reference/reference.ts";

export function handleTag(images: Images, request: ApiRequest): void {
  const image = images.store.find(request.params.name ?? "");
  const reference = targetReference(request.query);
  if (!reference) throw invalidArgument("image.no_target", "Cannot tag the image: the parameter repo is missing");
  tagImage(images, image.id, reference);
  request.sendEmpty(201);
}

/** `repo` and `tag` as tag, import and commit take them. Null without a repo. */
export function targetReference(query: URLSearchParams): Reference | null {
  const repo = query.get("repo") ?? "";
  if (repo === "") return null;
  const reference = parseReference(repo);
  if (reference.digest !== null) {
    throw invalidArgument("image.digest_target", "refusing to create a tag with a digest reference");
  }
  const tag = query.get("tag") ?? "";
  return tag === "" ? withDefaultTag(reference) : withTag(reference, tag);
}

export function tagImage(images: Images, id: Digest, reference: Reference): void {
  images.store.table.setName(canonicalName(reference), id, images.now());
  images.store.refresh();
  imageEvent(images, "tag", id, familiarName(reference));
}
