/** Filters of volume list and prune. */
import type { Filters } from "../api/index.ts";
import { invalidArgument } from "../base/errors.ts";
import { anonymousLabel } from "./schema.ts";
import type { Volume, Volumes } from "./volumes.ts";

type VolumeTest = (volume: Volume) => boolean;

export function parseListFilters(volumes: Volumes, filters: Filters): VolumeTest {
  const tests: VolumeTest[] = [...labelTests(filters)];
  const dangling = parseFlag(filters, "dangling");
  if (dangling !== null) tests.push((volume) => (volumes.holdersOf(volume.name).length === 0) === dangling);
  const drivers = filters.get("driver") ?? [];
  if (drivers.length > 0) tests.push(() => drivers.includes("local"));
  const names = filters.get("name") ?? [];
  if (names.length > 0) tests.push((volume) => names.some((name) => volume.name.includes(name)));
  return (volume) => tests.every((test) => test(volume));
}

export function parsePruneFilters(filters: Filters, allByDefault: boolean): VolumeTest {
  const tests = labelTests(filters);
  const all = parseFlag(filters, "all") ?? allByDefault;
  if (!all) tests.push((volume) => volume.labels[anonymousLabel] !== undefined);
  return (volume) => tests.every((test) => test(volume));
}

function parseFlag(filters: Filters, name: string): boolean | null {
  const values = filters.get(name) ?? [];
  const [value] = values;
  if (value === undefined) return null;
  if (values.length === 1 && ["1", "true"].includes(value)) return true;
  if (values.length === 1 && ["0", "false"].includes(value)) return false;
  throw invalidArgument("api.bad_filters", `invalid filter '${name}=[${values.join(" ")}]'`);
}

function labelTests(filters: Filters): VolumeTest[] {
  const test = (text: string): VolumeTest => {
    const equals = text.indexOf("=");
    const key = equals === -1 ? text : text.slice(0, equals);
    return ({ labels }) => Object.hasOwn(labels, key) && (equals === -1 || labels[key] === text.slice(equals + 1));
  };
  const wanted = (filters.get("label") ?? []).map(test);
  const unwanted = (filters.get("label!") ?? []).map(test).map(
    (matches): VolumeTest =>
      (volume) =>
        !matches(volume),
  );
  return [...wanted, ...unwanted];
}
