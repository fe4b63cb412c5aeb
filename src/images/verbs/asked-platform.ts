/** What a request says of platforms and manifests. An image here has one platform and no list of manifests. */
import { boolQuery } from "../../api/index.ts";
import { hostPlatform, parsePlatform, platformMatches } from "../config/platform.ts";
import { manifestsUnsupported, noSuchImage } from "../errors.ts";
import type { Image } from "../store/image-store.ts";

/** Throws unless the image is for one of the platforms named; naming none means any. */
export function requirePlatform(image: Image, named: readonly string[]): void {
  const wanted = named.map((text) => parsePlatform(text)).filter((platform) => platform !== null);
  const { os, architecture, variant } = image.file;
  const given = { os, architecture: architecture || hostPlatform().architecture, variant };
  if (wanted.length > 0 && !wanted.some((platform) => platformMatches(platform, given)))
    throw noSuchImage(`${image.id} for ${named.join(", ")}`);
}

export function refuseManifests(query: URLSearchParams): void {
  if (boolQuery(query, "manifests")) throw manifestsUnsupported();
}
