/** Search in two forms: the one of `docker search` (`/v1/search`) and our own (`/v2/_hyperbox/search`), which knows more. */
import type { Access } from "../auth/access.ts";
import type { Repository } from "../content/names.ts";
import { badParameter } from "../errors.ts";
import { parseQuery } from "../search/parse-query.ts";
import type { Search, SearchResult } from "../search/search.ts";
import type { Exchange } from "./exchange.ts";
import { cutPage, readPage } from "./page.ts";

const defaultV1Page = 25;
const maxV1Page = 100;
/** Longer than that nobody waits for packages; `pending` tells that there are more to come. */
const maxWaitMs = 60_000;

const mayPullOf = (access: Access) => (repository: Repository) => access.may({ action: "pull", repository });

export async function searchRegistry(search: Search, exchange: Exchange, access: Access): Promise<void> {
  const page = readPage(exchange);
  const waitMs = Math.min(readNumber(exchange, "wait", 0) * 1000, maxWaitMs);
  const options = { ...page, limit: page.limit + 1, waitMs, mayPull: mayPullOf(access) };
  const { results, pending } = await search.run(parseQuery(exchange.query), options);
  const { items, headers } = cutPage(exchange, page, results, ({ name, tag }) => `${name}:${tag}`);
  exchange.sendJson(200, { results: items.map(searchBody), pending }, headers);
}

export function searchBody({ name, tag, digest, description, packages }: SearchResult) {
  const { platforms, labels, annotations } = description;
  return { name, tag, digest, platforms, labels, annotations, packages };
}

/** One result for each repository, as Docker's clients expect them. */
export async function searchV1(search: Search, exchange: Exchange, access: Access): Promise<void> {
  const { query } = exchange;
  const pageSize = Math.min(readNumber(exchange, "n", defaultV1Page), maxV1Page);
  const page = Math.max(readNumber(exchange, "page", 1), 1);
  const options = { last: "", limit: Number.MAX_SAFE_INTEGER, waitMs: 0, mayPull: mayPullOf(access) };
  const wanted = new URLSearchParams({ q: (query.get("q") ?? "").replace(/^library\//, "") });
  const { results } = await search.run(parseQuery(wanted), options);
  const byName = new Map<string, string>();
  for (const { name, description } of results) {
    const text = { ...description.labels, ...description.annotations }["org.opencontainers.image.description"] ?? "";
    if (!byName.get(name)) byName.set(name, text);
  }
  const all = [...byName].map(([name, description]) => ({
    ...{ name, description, star_count: 0, is_official: false, is_automated: false, is_trusted: false },
  }));
  exchange.sendJson(200, {
    query: query.get("q") ?? "",
    num_results: all.length,
    num_pages: pageSize === 0 ? 0 : Math.ceil(all.length / pageSize),
    page,
    page_size: pageSize,
    results: all.slice((page - 1) * pageSize, page * pageSize),
  });
}

function readNumber({ query }: Exchange, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null || text === "") return fallback;
  if (!/^\d{1,9}$/.test(text)) throw badParameter(name, text, "a number");
  return Number(text);
}
