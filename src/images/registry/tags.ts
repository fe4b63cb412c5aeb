/** The tags of a repository, page after page. */
import { isObject } from "../config/json-fields.ts";
import type { Reference } from "../reference/reference.ts";
import { type RegistryClient, refused, refuseHtml } from "./client.ts";
import { badAnswer, manifestUnknown } from "./errors.ts";
import { type Incoming, resolveLocation } from "./http/send.ts";

const maxPages = 1000;
const maxPageBytes = 4 * 1024 * 1024;
const maxTags = 100_000;

export async function listTags(client: RegistryClient, reference: Reference, signal: AbortSignal): Promise<string[]> {
  const tags: string[] = [];
  let path: string | URL = `${reference.path}/tags/list`;
  for (let page = 0; page < maxPages && tags.length < maxTags; page++) {
    const answer: Incoming = await client.call({ method: "GET", path, signal });
    if (answer.status === 404) {
      answer.drop();
      throw manifestUnknown(reference);
    }
    if (answer.status !== 200) throw await refused(answer);
    refuseHtml(answer);
    tags.push(...parseTags(await answer.bytes(maxPageBytes), answer.url));
    const next = nextPage(answer);
    if (next === null) return tags;
    path = next;
  }
  return tags;
}

function parseTags(bytes: Uint8Array, url: URL): string[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw badAnswer(url, "it is not JSON");
  }
  const tags = isObject(value) ? (value.tags ?? []) : null;
  if (!Array.isArray(tags)) throw badAnswer(url, "it has no tags");
  return tags.filter((tag): tag is string => typeof tag === "string" && /^\w[\w.-]{0,127}$/.test(tag));
}

/** `Link: </v2/a/tags/list?last=x&n=100>; rel="next"`, on the same host only. */
export function nextPage({ url, headers }: Incoming): URL | null {
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(headers.get("link") ?? "")?.[1];
  if (target === undefined) return null;
  const next = resolveLocation(target, url);
  return next.origin === url.origin ? next : null;
}
