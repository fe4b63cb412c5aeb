/**
 * Images by words: the search of Docker Hub, which other registries have too (`/v1/search`); where one has none, the names of
 * its catalog. `host/term` searches that host.
 */
import type { Filters } from "../../../api/index.ts";
import { invalidArgument } from "../../../base/errors.ts";
import { isObject, type ObjectValue } from "../../config/json-fields.ts";
import type { Credentials } from "../auth/credentials.ts";
import { openClient, type RegistryClient, refused, refuseHtml } from "../client.ts";
import { badAnswer } from "../errors.ts";
import type { RegistrySettings } from "../settings.ts";

export type SearchResult = {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated: boolean;
};

export type SearchOptions = {
  limit: number;
  filters: Filters;
  credentials: Credentials;
  settings: RegistrySettings;
  signal: AbortSignal;
};

const maxBytes = 4 * 1024 * 1024;
const catalogPage = 1000;

export async function searchImages(term: string, options: SearchOptions): Promise<SearchResult[]> {
  const { credentials, settings, signal, limit, filters } = options;
  const matches = parseSearchFilters(filters);
  const { domain, words } = splitTerm(term);
  const client = openClient(
    { domain: domain === "docker.io" ? "index.docker.io" : domain, path: "" },
    { credentials, settings },
  );
  const found = (await byWords(client, words, limit, signal)) ?? (await byCatalog(client, words, limit, signal));
  return found.filter(matches).slice(0, limit);
}

/** As a reference's domain: a first part with a dot or a colon, or localhost. */
function splitTerm(term: string): { domain: string; words: string } {
  const slash = term.indexOf("/");
  const first = slash < 0 ? "" : term.slice(0, slash);
  if (/^https?:$/.test(first)) {
    throw invalidArgument(
      "registry.bad_term",
      `invalid repository name: repository name (${term}) should not have a scheme`,
    );
  }
  if (!/[.:]/.test(first) && first !== "localhost") return { domain: "docker.io", words: term };
  const words = term.slice(slash + 1);
  if (first === "docker.io" || first === "index.docker.io")
    return { domain: "docker.io", words: words.replace(/^library\//, "") };
  return { domain: first, words };
}

/** Null: the registry has no search. */
async function byWords(client: RegistryClient, words: string, limit: number, signal: AbortSignal) {
  const query = new URLSearchParams({ q: words, n: String(limit) });
  const answer = await client.call({ method: "GET", path: `../v1/search?${query}`, signal, scopes: [] });
  if (answer.status === 404 || answer.status === 405) {
    answer.drop();
    return null;
  }
  if (answer.status !== 200) throw await refused(answer);
  refuseHtml(answer);
  const value = parse(await answer.bytes(maxBytes), answer.url);
  if (!Array.isArray(value.results)) throw badAnswer(answer.url, "it has no results");
  return value.results.flatMap((item: unknown): SearchResult[] =>
    isObject(item) && typeof item.name === "string" ? [resultOf(item)] : [],
  );
}

function resultOf(item: ObjectValue): SearchResult {
  return {
    star_count: typeof item.star_count === "number" ? item.star_count : 0,
    is_official: item.is_official === true,
    name: String(item.name),
    is_automated: item.is_automated === true,
    description: typeof item.description === "string" ? item.description : "",
  };
}

async function byCatalog(
  client: RegistryClient,
  words: string,
  limit: number,
  signal: AbortSignal,
): Promise<SearchResult[]> {
  const found: SearchResult[] = [];
  let last = "";
  for (;;) {
    const query = new URLSearchParams({ n: String(catalogPage), ...(last === "" ? {} : { last }) });
    const answer = await client.call({
      method: "GET",
      path: `_catalog?${query}`,
      signal,
      scopes: ["registry:catalog:*"],
    });
    if (answer.status !== 200) throw await refused(answer);
    refuseHtml(answer);
    const { repositories } = parse(await answer.bytes(maxBytes), answer.url);
    const names = Array.isArray(repositories)
      ? repositories.filter((name): name is string => typeof name === "string")
      : [];
    for (const name of names.filter((one) => one.includes(words))) found.push(resultOf({ name }));
    const end = names.at(-1);
    if (found.length >= limit || names.length < catalogPage || end === undefined || end === last) return found;
    last = end;
  }
}

function parse(bytes: Uint8Array, url: URL): ObjectValue {
  let value: unknown = null;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // told below
  }
  if (!isObject(value)) throw badAnswer(url, "it is not a JSON object");
  return value;
}

function parseSearchFilters(filters: Filters): (result: SearchResult) => boolean {
  const flag = (name: string): boolean | null => {
    const value = filters.get(name)?.[0]?.toLowerCase();
    if (value === undefined) return null;
    if (["1", "true"].includes(value)) return true;
    if (["0", "false"].includes(value)) return false;
    throw invalidArgument("api.bad_filters", `invalid filter '${name}=[${value}]'`);
  };
  const [official, automated] = [flag("is-official"), flag("is-automated")];
  const stars = (filters.get("stars") ?? []).map((text) => {
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw invalidArgument("api.bad_filters", `invalid filter 'stars=[${text}]'`);
  });
  return (result) =>
    (official === null || result.is_official === official) &&
    (automated === null || result.is_automated === automated) &&
    stars.every((least) => result.star_count >= least);
}
