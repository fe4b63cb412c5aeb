/** Where a copy comes from: content by descriptor, blobs by offset. */
import type { Digest } from "../../../base/digest.ts";
import { noSuchImage } from "../../errors.ts";
import type { Images } from "../../images.ts";
import type { Reference } from "../../reference/reference.ts";
import { familiarName } from "../../reference/reference.ts";
import type { Credentials } from "../auth/credentials.ts";
import { openClients } from "../client.ts";
import type { Content, Descriptor } from "../content/manifest.ts";
import { badContent } from "../errors.ts";
import { firstOf } from "../pull/resolve.ts";
import { manifestOf } from "../push/push.ts";
import { fetchReferrers } from "../referrers.ts";
import type { Registries } from "../registries.ts";

export type BlobReader = AsyncDisposable & {
  /** Exactly the bytes from `offset`, `length` of them at the most, as soon as they are there. */
  read(offset: number, length: number): Promise<Uint8Array>;
};

export type CopySource = {
  root: Content;
  /** Of the source's own registry: repositories that have its blobs. */
  origin: { domain: string; path: string } | null;
  content(digest: Digest): Promise<Content>;
  blob(descriptor: Descriptor): Promise<BlobReader>;
  referrers(digest: Digest): Promise<readonly Descriptor[]>;
};

export async function openRegistrySource(
  { settings, downloads }: Registries,
  reference: Reference,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<CopySource> {
  const clients = openClients(reference, { credentials, settings });
  const { client, answer: root } = await firstOf(clients, reference, signal, (one) =>
    one.manifest(reference.digest ?? reference.tag ?? "latest", reference.digest, signal),
  );
  return {
    root,
    origin: reference,
    async content(digest) {
      const content = await client.manifest(digest, digest, signal);
      if (content) return content;
      throw badContent(familiarName(reference), `the registry does not have its manifest ${digest}`);
    },
    async blob(descriptor) {
      const { digest, size } = descriptor;
      const download = await downloads.join({
        digest,
        sizeBytes: size,
        fetchPart: client.blob.bind(null, descriptor),
      });
      return {
        read: (offset, length) => download.readAt(offset, Math.min(length, size - offset), signal),
        [Symbol.asyncDispose]: () => {
          download.discard();
          return download[Symbol.asyncDispose]();
        },
      };
    },
    referrers: (digest) => fetchReferrers(client, digest, signal),
  };
}

export function openLocalSource(images: Images, { manifests }: Registries, name: string): CopySource {
  const image = images.store.find(name);
  const root = manifestOf(images, manifests, image);
  return {
    root,
    origin: null,
    content: () => Promise.reject(noSuchImage(name)),
    blob: ({ digest, size }) =>
      Promise.resolve({
        async read(offset, length) {
          const range = { offset, length: Math.min(length, size - offset) };
          return Buffer.concat(await Array.fromAsync(images.store.blobs.open(digest, range)));
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    referrers: () => Promise.resolve([]),
  };
}
