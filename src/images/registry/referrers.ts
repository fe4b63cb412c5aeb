/** What refers to a manifest: signatures, inventories. By the API of distribution 1.1, or by its tag where a registry is older. */
import { type Digest, digestHex } from "../../base/digest.ts";
import { type RegistryClient, refuseHtml } from "./client.ts";
import { type Descriptor, maxManifestBytes, parseContent } from "./content/manifest.ts";
import { manifestTypes } from "./content/media-types.ts";
import { nextPage } from "./tags.ts";

const maxPages = 100;

export async function fetchReferrers(
  client: RegistryClient,
  subject: Digest,
  signal: AbortSignal,
): Promise<Descriptor[]> {
  const { path } = client.repository;
  const found: Descriptor[] = [];
  let page: string | URL = `${path}/referrers/${subject}`;
  for (let pages = 0; pages < maxPages; pages++) {
    const answer = await client.call({
      method: "GET",
      path: page,
      headers: { Accept: manifestTypes.ociIndex },
      signal,
    });
    if (answer.status !== 200) {
      answer.drop();
      return pages === 0 ? await byTag(client, subject, signal) : found;
    }
    refuseHtml(answer);
    const content = parseContent(
      await answer.bytes(maxManifestBytes),
      manifestTypes.ociIndex,
      `the referrers of ${subject}`,
    );
    if (content.kind === "index") found.push(...content.manifests);
    const next = nextPage(answer);
    if (next === null) return found;
    page = next;
  }
  return found;
}

/** The specification's fallback: an index under the tag `sha256-<hex>`. */
export function referrersTag(subject: Digest): string {
  return `sha256-${digestHex(subject)}`;
}

async function byTag(client: RegistryClient, subject: Digest, signal: AbortSignal): Promise<Descriptor[]> {
  const content = await client.manifest(referrersTag(subject), null, signal);
  return content?.kind === "index" ? [...content.manifests] : [];
}
