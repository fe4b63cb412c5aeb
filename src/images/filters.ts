/** Filters of images list and prune. */
import type { Filters } from "../api/index.ts";
import { invalidArgument } from "../base/errors.ts";
import { parseTimestamp } from "../base/timestamp.ts";
import type { Images } from "./images.ts";
import { parseReferencePattern } from "./reference/match-pattern.ts";
import type { Image } from "./store/image-store.ts";
import { createdSec } from "./verbs/list.ts";

export type ImageTest = (image: Image) => boolean;

export function parseImageFilters(images: Images, filters: Filters): ImageTest {
  const tests: ImageTest[] = [];
  const dangling = parseFlag(filters, "dangling");
  if (dangling !== null) {
    tests.push((image) => isDangling(images, image) === dangling);
  }
  tests.push(...labelTests(filters));
  for (const name of filters.get("before") ?? []) {
    const limit = createdSec(images.store.find(name));
    tests.push((image) => createdSec(image) < limit);
  }
  for (const name of filters.get("since") ?? []) {
    const limit = createdSec(images.store.find(name));
    tests.push((image) => createdSec(image) > limit);
  }
  for (const text of filters.get("until") ?? []) {
    const limitSec = parseTimestamp(text, images.now()) / 1000;
    tests.push((image) => createdSec(image) < limitSec);
  }
  const patterns = (filters.get("reference") ?? []).map(parseReferencePattern);
  if (patterns.length > 0) {
    tests.push((image) => image.references.some((reference) => patterns.some((matches) => matches(reference))));
  }
  return (image) => tests.every((test) => test(image));
}

export function isDangling(images: Images, image: Image): boolean {
  return image.references.length === 0 && images.store.childrenOf(image.id).length === 0;
}

/** Docker takes 1, true, 0, false; null where the filter is absent. */
export function parseFlag(filters: Filters, name: string): boolean | null {
  const values = filters.get(name) ?? [];
  const value = values[0];
  if (value === undefined) return null;
  if (values.length === 1 && ["1", "true"].includes(value)) return true;
  if (values.length === 1 && ["0", "false"].includes(value)) return false;
  throw invalidArgument("api.bad_filters", `invalid filter '${name}=[${values.join(" ")}]'`);
}

/** `label=key`, `label=key=value`, and the same with `label!`. All given must hold. */
export function labelTests(filters: Filters): ImageTest[] {
  const test = (text: string): ImageTest => {
    const equals = text.indexOf("=");
    const key = equals === -1 ? text : text.slice(0, equals);
    const wanted = equals === -1 ? null : text.slice(equals + 1);
    return (image) => {
      const value = Object.entries(image.file.config.Labels ?? {}).find(([name]) => name === key)?.[1];
      return value !== undefined && (wanted === null || value === wanted);
    };
  };
  const wanted = (filters.get("label") ?? []).map(test);
  const unwanted = (filters.get("label!") ?? []).map(test).map(
    (matches): ImageTest =>
      (image) =>
        !matches(image),
  );
  return [...wanted, ...unwanted];
}
