/** Lists in pages: `n` and `last` in, a `Link` to the next page out. */
import { badParameter } from "../errors.ts";
import type { Page } from "../table.ts";
import type { Exchange, Headers } from "./exchange.ts";

/** Nobody gets more at once, whatever was asked for. */
export const maxPage = 1000;

export function readPage({ query }: Exchange): Page {
  const n = query.get("n");
  if (n !== null && !/^\d{1,9}$/.test(n)) throw badParameter("n", n, "a number");
  return { last: query.get("last") ?? "", limit: n === null ? maxPage : Math.min(Number(n), maxPage) };
}

/** One more than the page holds is asked for: that there is one tells that another page follows. */
export function cutPage<T>(exchange: Exchange, { limit }: Page, found: readonly T[], nameOf: (item: T) => string) {
  const items = found.slice(0, limit);
  return { items, headers: linkNext(exchange, limit, found.length > limit ? items.at(-1) : undefined, nameOf) };
}

/** `last` is the last item of a page that another follows. */
export function linkNext<T>(
  exchange: Exchange,
  limit: number,
  last: T | undefined,
  nameOf: (item: T) => string,
): Headers {
  if (last === undefined) return {};
  const next = new URLSearchParams(exchange.query);
  next.set("n", String(limit));
  next.set("last", nameOf(last));
  return { Link: `<${exchange.path}?${next}>; rel="next"` };
}
