/** `GET /containers/json`: newest first; only running ones unless asked otherwise. */
import { boolQuery, intQuery, parseFilters } from "../../api/index.ts";
import { type Container, isRunning } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { createFilter, listFilters } from "./filters.ts";
import { listEntry } from "./list-entry.ts";
import { measure } from "./measure.ts";

export async function list(context: Context, query: URLSearchParams): Promise<Record<string, unknown>[]> {
  const filters = parseFilters(query, listFilters);
  const limit = intQuery(query, "limit") ?? 0;
  const all =
    boolQuery(query, "all") ||
    limit > 0 ||
    ["status", "exited", "before", "since"].some((name) => filters.get(name)?.length);
  const matches = await createFilter(context, filters);
  const found: Container[] = [];
  for (const container of context.store.all.values()) {
    if ((all || isRunning(container)) && matches(container)) found.push(container);
  }
  found.sort((a, b) => b.createdAtMs - a.createdAtMs);
  const shown = limit > 0 ? found.slice(0, limit) : found;
  if (!boolQuery(query, "size")) return shown.map((container) => listEntry(context, container, null));
  return Promise.all(shown.map(async (container) => listEntry(context, container, await measure(context, container))));
}
