/** Filters of the list and of prune, by Docker's rules: values of one name are alternatives, labels and names all apply. */
import type { Filters } from "../../api/index.ts";
import { parseTimestamp } from "../../base/timestamp.ts";
import { invalidFilter } from "../errors.ts";
import type { Network } from "../model/network.ts";

export const listFilters = ["dangling", "driver", "id", "label", "name", "scope", "type"] as const;
export const pruneFilters = ["label", "label!", "until"] as const;

export function createListFilter(
  filters: Filters,
  isUsed: (network: Network) => boolean,
): (network: Network) => boolean {
  const values = (name: string) => filters.get(name) ?? [];
  const any = (name: string, test: (value: string) => boolean) => values(name).length === 0 || values(name).some(test);
  for (const value of values("type")) if (value !== "custom" && value !== "builtin") throw invalidFilter("type", value);
  const dangling = values("dangling").map((value) => {
    if (["true", "1"].includes(value)) return true;
    if (["false", "0"].includes(value)) return false;
    throw invalidFilter("dangling", value);
  });
  return (network) =>
    any("name", (value) => network.name.includes(value)) &&
    any("id", (value) => network.id.startsWith(value)) &&
    any("driver", (value) => network.driver === value) &&
    any("scope", (value) => value === "local") &&
    any("type", (value) => (value === "builtin") === network.predefined) &&
    values("label").every((value) => matchesLabel(network.labels, value)) &&
    dangling.every((wanted) => wanted === (!network.predefined && !isUsed(network)));
}

export function createPruneFilter(filters: Filters, nowMs: number): (network: Network) => boolean {
  const until = (filters.get("until") ?? []).map((value) => parseTimestamp(value, nowMs));
  const wanted = filters.get("label") ?? [];
  const unwanted = filters.get("label!") ?? [];
  return ({ labels, createdMs, predefined }) =>
    !predefined &&
    until.every((time) => createdMs < time) &&
    wanted.every((label) => matchesLabel(labels, label)) &&
    !unwanted.some((label) => matchesLabel(labels, label));
}

function matchesLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const mark = wanted.indexOf("=");
  if (mark < 0) return Object.hasOwn(labels, wanted);
  return labels[wanted.slice(0, mark)] === wanted.slice(mark + 1);
}
