/** Search over names, tags, labels, platforms and packages of everything that a server shows. */
import type { Digest } from "../../base/digest.ts";
import type { Contents } from "../content/contents.ts";
import type { ContentDigest, Repository } from "../content/names.ts";
import { describeImage, type ImageDescription } from "./describe-image.ts";
import type { PackageIndex, WantedPackage } from "./package-index.ts";
import type { Package } from "./parse-packages.ts";

export type SearchQuery = {
  /** Words that a name, a tag, a label's or an annotation's value must all contain. */
  words: readonly string[];
  name: string | null;
  tag: string | null;
  /** `key` or `key=value`. */
  labels: readonly string[];
  platform: string | null;
  packages: readonly WantedPackage[];
};
export type SearchResult = {
  name: Repository;
  tag: string;
  digest: ContentDigest;
  description: ImageDescription;
  /** Those that were asked for. */
  packages: Package[];
};
export type Search = {
  /** Sorted by name and tag, after `last` (`name:tag`). `pending` layers are not read yet: their packages are not known. */
  run(query: SearchQuery, options: SearchOptions): Promise<{ results: SearchResult[]; pending: number }>;
};
export type SearchOptions = {
  last: string;
  limit: number;
  /** Waits for layers that are not read yet, at most so long. */
  waitMs: number;
  mayPull(repository: Repository): boolean;
};

const pageSize = 1000;
/** More tags are not looked at: a search must end. */
const maxTags = 20_000;
const maxRemembered = 2000;
const maxRememberedChars = 16 * 1024;

export function createSearch(contents: Contents, packages: PackageIndex): Search {
  const remembered = new Map<string, ImageDescription>();
  const describe = (repository: Repository, digest: ContentDigest): ImageDescription => {
    const key = `${repository}@${digest}`;
    const known = remembered.get(key);
    if (known) return known;
    const manifest: unknown = JSON.parse(Buffer.from(contents.manifest(repository, { digest }).read()).toString());
    const description = describeImage(contents, repository, manifest);
    if (remembered.size >= maxRemembered) remembered.clear();
    if (JSON.stringify(description).length <= maxRememberedChars) remembered.set(key, description);
    return description;
  };
  const candidates = (query: SearchQuery, mayPull: SearchOptions["mayPull"]): SearchResult[] => {
    const found: SearchResult[] = [];
    let seen = 0;
    for (const name of everyRepository(contents)) {
      if (!mayPull(name) || (query.name !== null && !name.includes(query.name))) continue;
      for (const tag of everyTag(contents, name)) {
        if (++seen > maxTags) return found;
        if (query.tag !== null && tag !== query.tag) continue;
        const { digest } = contents.manifest(name, { tag });
        const description = describe(name, digest);
        if (matches(query, name, tag, description)) found.push({ name, tag, digest, description, packages: [] });
      }
    }
    return found;
  };
  return {
    async run(query, { last, limit, waitMs, mayPull }) {
      let found = candidates(query, mayPull);
      let pending = 0;
      if (query.packages.length > 0) {
        const layers = found.flatMap(({ description }) => description.layers.flat());
        await Promise.race([packages.learn(layers), Bun.sleep(waitMs)]);
        pending = packages.unknown([...new Set(layers)]);
        found = found.flatMap((result) => withPackages(packages, query.packages, result));
      }
      const results = found.filter(({ name, tag }) => `${name}:${tag}` > last);
      results.sort((a, b) => (`${a.name}:${a.tag}` < `${b.name}:${b.tag}` ? -1 : 1));
      return { results: results.slice(0, limit), pending };
    },
  };
}

function withPackages(index: PackageIndex, wanted: readonly WantedPackage[], result: SearchResult): SearchResult[] {
  for (const layers of result.description.layers as Digest[][]) {
    const found = wanted.map((one) => index.find(layers, one));
    if (found.every((one) => one.length > 0)) return [{ ...result, packages: found.flat() }];
  }
  return [];
}

function matches(
  { words, labels, platform }: SearchQuery,
  name: string,
  tag: string,
  image: ImageDescription,
): boolean {
  if (platform !== null && !image.platforms.some((one) => one === platform || one.startsWith(`${platform}/`)))
    return false;
  for (const label of labels) {
    const at = label.indexOf("=");
    const value = image.labels[at < 0 ? label : label.slice(0, at)];
    if (value === undefined || (at >= 0 && value !== label.slice(at + 1))) return false;
  }
  const text = [name, tag, ...Object.values(image.labels), ...Object.values(image.annotations)]
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word.toLowerCase()));
}

function* everyRepository(contents: Contents): Generator<Repository> {
  for (let last = ""; ; ) {
    const page = contents.repositories({ last, limit: pageSize }) as Repository[];
    yield* page;
    if (page.length < pageSize) return;
    last = page.at(-1) ?? "";
  }
}

function* everyTag(contents: Contents, name: Repository): Generator<string> {
  for (let last = ""; ; ) {
    const page = contents.tags(name, { last, limit: pageSize });
    yield* page;
    if (page.length < pageSize) return;
    last = page.at(-1) ?? "";
  }
}
