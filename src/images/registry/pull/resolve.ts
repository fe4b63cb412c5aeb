/** From a reference to the one manifest that is to be pulled: mirrors, indexes, platforms. */
import type { Digest } from "../../../base/digest.ts";
import { formatPlatform, hostPlatform, type Platform } from "../../config/platform.ts";
import { familiarName, type Reference } from "../../reference/reference.ts";
import { type RegistryClient, statusOf } from "../client.ts";
import { choosePlatform, imagesOf } from "../content/choose-platform.ts";
import { type Content, checkLayerCount, type Manifest } from "../content/manifest.ts";
import { isImageConfigType, isLayerType } from "../content/media-types.ts";
import { badContent, manifestUnknown, noPlatform, notAnImage, pullDenied } from "../errors.ts";

export type Resolved = {
  /** That answered; the others are worse. */
  client: RegistryClient;
  /** What the reference itself names: an index or the manifest. */
  rootDigest: Digest;
  manifest: Manifest;
};

const maxDepth = 3;

export type ResolveOptions = { clients: readonly RegistryClient[]; platform: Platform | null; signal: AbortSignal };

export async function resolveManifest(reference: Reference, options: ResolveOptions): Promise<Resolved> {
  const { clients, platform, signal } = options;
  const { client: first, answer: root } = await firstOf(clients, reference, signal, (one) =>
    one.manifest(reference.digest ?? reference.tag ?? "latest", reference.digest, signal),
  );
  const client = withOrigin(first, clients.at(-1));
  const name = familiarName(reference);
  let content = root;
  for (let depth = 0; content.kind === "index"; depth++) {
    if (depth >= maxDepth) throw badContent(name, `its indexes are nested more than ${maxDepth} deep`);
    const wanted = platform ?? hostPlatform();
    const entry = choosePlatform(content.manifests, wanted) ?? onlyUnlabelled(content);
    if (!entry) throw noPlatform(name, wanted, platformsOf(content));
    const next = await client.manifest(entry.digest, entry.digest, signal);
    if (!next) throw badContent(name, `the registry does not have its manifest ${entry.digest}`);
    content = next;
  }
  checkImage(content, name);
  return { client, rootDigest: root.digest, manifest: content };
}

/** What a mirror lacks though it has the manifest, or cannot give, comes from the registry. Digests say that it is the same. */
function withOrigin(client: RegistryClient, origin: RegistryClient | undefined): RegistryClient {
  if (!client.mirror || !origin) return client;
  const orFrom = async <T>(signal: AbortSignal, mirrored: Promise<T | null>, own: () => Promise<T>): Promise<T> => {
    try {
      const answer = await mirrored;
      if (answer !== null) return answer;
    } catch {
      signal.throwIfAborted();
    }
    return await own();
  };
  return {
    ...client,
    manifest: (name, expected, signal) =>
      orFrom<Content | null>(signal, client.manifest(name, expected, signal), () =>
        origin.manifest(name, expected, signal),
      ),
    blob: (descriptor, range, signal) =>
      orFrom(signal, client.blob(descriptor, range, signal), () => origin.blob(descriptor, range, signal)),
  };
}

/** The first that has it. A mirror that fails in whatever way is passed by. */
export async function firstOf<T>(
  clients: readonly RegistryClient[],
  reference: Reference,
  signal: AbortSignal,
  ask: (client: RegistryClient) => Promise<T | null>,
): Promise<{ client: RegistryClient; answer: T }> {
  for (const client of clients) {
    try {
      const answer = await ask(client);
      if (answer !== null) return { client, answer };
    } catch (error) {
      signal.throwIfAborted();
      if (!client.mirror) throw deniedOr(error, reference);
    }
  }
  throw manifestUnknown(reference);
}

function deniedOr(error: unknown, reference: Reference): unknown {
  const status = statusOf(error);
  const refused = status === 401 || status === 403 || (error as { code?: string }).code === "registry.unauthorized";
  return refused ? pullDenied(reference) : error;
}

function onlyUnlabelled({ manifests }: Content & { kind: "index" }) {
  const images = imagesOf(manifests);
  return images.length === 1 && images[0]?.platform === null ? images[0] : null;
}

function platformsOf({ manifests }: Content & { kind: "index" }): string[] {
  return imagesOf(manifests).flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : []));
}

function checkImage(manifest: Manifest, name: string): void {
  const { config, layers, artifactType } = manifest;
  if (!isImageConfigType(config.mediaType)) throw notAnImage(name, artifactType || config.mediaType);
  checkLayerCount(manifest, `the manifest of ${name}`);
  for (const { mediaType } of layers) {
    if (isLayerType(mediaType)) continue;
    throw badContent(
      `the manifest of ${name}`,
      `a layer has the unknown type ${JSON.stringify(mediaType.slice(0, 100))}`,
    );
  }
}
