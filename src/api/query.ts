/** Query parameters with types: integers, JSON filters. */
import { invalidArgument } from "../base/errors.ts";

export function intQuery(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^-?\d{1,15}$/.test(text)) {
    throw invalidArgument(
      "api.bad_parameter",
      `Cannot read parameter ${name}: ${JSON.stringify(text)} is not an integer`,
    );
  }
  return Number(text);
}

/** Docker's `filters`: `{"label":["a=b"]}` or the older `{"label":{"a=b":true}}`. Unknown names are a 400. */
export type Filters = ReadonlyMap<string, readonly string[]>;

export function parseFilters(query: URLSearchParams, allowed: readonly string[], name = "filters"): Filters {
  const text = query.get(name);
  const filters = new Map<string, readonly string[]>();
  if (text === null || text === "") return filters;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidArgument("api.bad_filters", `Cannot read ${name}: it is not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidArgument("api.bad_filters", `Cannot read ${name}: a JSON object of lists is expected`);
  }
  for (const [key, given] of Object.entries(value)) {
    if (!allowed.includes(key)) throw invalidArgument("api.bad_filters", `invalid filter '${key}'`);
    filters.set(key, filterValues(key, given));
  }
  return filters;
}

function filterValues(key: string, given: unknown): string[] {
  if (Array.isArray(given) && given.every((item) => typeof item === "string")) return given;
  if (typeof given === "object" && given !== null && !Array.isArray(given)) {
    return Object.entries(given)
      .filter(([, on]) => on === true)
      .map(([item]) => item);
  }
  throw invalidArgument("api.bad_filters", `Cannot read filter ${key}: a list of strings is expected`);
}
