/**
 * What the repositories hold: what was pushed, and behind it the images of this host. Reads see both, what was pushed first;
 * changes touch only what was pushed.
 */
import type { Digest } from "../../base/digest.ts";
import { type BlobStore, dropBlob, type Images } from "../../images/index.ts";
import { blobUnknown, manifestBlobUnknown, manifestUnknown, methodUnsupported, nameUnknown } from "../errors.ts";
import type { Page, RegistryTable } from "../table.ts";
import type { LocalImages } from "./local-images.ts";
import type { ContentDigest, ManifestReference, Repository } from "./names.ts";
import type { ParsedManifest } from "./parse-manifest.ts";

export type StoredBlob = { digest: ContentDigest; content: Digest; sizeBytes: number };
export type StoredManifest = { digest: ContentDigest; mediaType: string; sizeBytes: number; read(): Uint8Array };
export type PutManifest = {
  repository: Repository;
  digest: ContentDigest;
  tags: readonly string[];
  mediaType: string;
  bytes: Uint8Array;
  parsed: ParsedManifest;
};

export type Contents = {
  readonly blobs: BlobStore;
  manifest(repository: Repository, reference: ManifestReference): StoredManifest;
  blob(repository: Repository, digest: ContentDigest): StoredBlob;
  findBlob(repository: Repository, digest: ContentDigest): StoredBlob | null;
  /** The repositories that were pushed a blob. */
  placesOf(digest: ContentDigest): { repository: Repository; blob: StoredBlob }[];
  addBlob(repository: Repository, blob: StoredBlob): void;
  /** Throws MANIFEST_BLOB_UNKNOWN where something that it names is missing. */
  putManifest(put: PutManifest): void;
  deleteManifest(repository: Repository, digest: ContentDigest): void;
  deleteTag(repository: Repository, tag: string): void;
  deleteBlob(repository: Repository, digest: ContentDigest): void;
  tags(repository: Repository, page: Page): string[];
  repositories(page: Page): string[];
  referrers: RegistryTable["referrers"];
  /** Removes blobs that no manifest names and that came before `beforeMs`. */
  prune(beforeMs: number): { blobs: number; freedBytes: number };
};

type Deps = { images: Images; table: RegistryTable; now: () => number };

/** `local` null: only what was pushed. */
export function createContents({ images, table, now }: Deps, local: LocalImages | null): Contents {
  const { blobs } = images.store;
  const drop = (content: Digest) => {
    if (!table.holds(content)) dropBlob(blobs, images.store.table, content);
  };
  const requireRepository = (repository: Repository) => {
    if (!table.hasRepository(repository) && !local?.has(repository)) throw nameUnknown(repository);
  };
  const findBlob = (repository: Repository, digest: ContentDigest): StoredBlob | null => {
    const row = table.blob(repository, digest) ?? table.manifest(repository, digest);
    if (row) return row;
    const found = local?.blob(repository, digest);
    return found ? { digest, content: found.digest, sizeBytes: found.size } : null;
  };
  const hasManifest = (repository: Repository, digest: ContentDigest): boolean =>
    table.manifest(repository, digest) !== null || (local?.manifest(repository, { digest }) ?? null) !== null;
  const refuseLocal = (repository: Repository, what: unknown) => {
    if (what) {
      throw methodUnsupported(`${repository} is an image of this host: \`hbx rmi\` removes it, and with it this name`);
    }
  };
  return {
    blobs,
    manifest(repository, reference) {
      const digest = "digest" in reference ? reference.digest : table.tag(repository, reference.tag);
      const row = digest === null ? null : table.manifest(repository, digest);
      if (row) return { ...row, read: () => blobs.read(row.content) };
      const found = local?.manifest(repository, reference);
      if (found) return { ...found, sizeBytes: found.bytes.byteLength, read: () => found.bytes };
      requireRepository(repository);
      throw manifestUnknown("digest" in reference ? reference.digest : reference.tag);
    },
    findBlob,
    blob(repository, digest) {
      const found = findBlob(repository, digest);
      if (found) return found;
      requireRepository(repository);
      throw blobUnknown(digest);
    },
    placesOf: (digest) => table.blobPlaces(digest).map((blob) => ({ repository: blob.repository, blob })),
    addBlob: (repository, blob) => table.addBlob({ repository, ...blob }, now()),
    putManifest({ repository, digest, tags, mediaType, bytes, parsed }) {
      const found = parsed.names.map((name) => {
        const blob = name.kind === "blob" ? findBlob(repository, name.digest) : null;
        if (
          name.required &&
          blob === null &&
          !hasManifest(repository, name.digest) &&
          !findBlob(repository, name.digest)
        )
          throw manifestBlobUnknown(name.digest);
        return blob;
      });
      const content = blobs.put(bytes);
      const { artifactType, subject } = parsed;
      const annotations = subject === null ? {} : parsed.annotations; // only referrers are listed with them
      const row = { repository, digest, content, mediaType, sizeBytes: bytes.byteLength, artifactType, annotations };
      table.transaction(() => {
        // What was found in an image of this host is the repository's own from now on: the image may go.
        for (const blob of found) if (blob) table.addBlob({ repository, ...blob }, now());
        table.addManifest(
          { ...row, subject: subject ?? "" },
          parsed.names.map((name) => name.digest),
          now(),
        );
        for (const tag of tags) table.setTag(repository, tag, digest, now());
      });
    },
    deleteManifest(repository, digest) {
      const row = table.manifest(repository, digest);
      if (!row) {
        refuseLocal(repository, local?.manifest(repository, { digest }));
        requireRepository(repository);
        throw manifestUnknown(digest);
      }
      table.removeManifest(repository, digest);
      drop(row.content);
    },
    deleteTag(repository, tag) {
      if (table.tag(repository, tag) === null) {
        refuseLocal(repository, local?.manifest(repository, { tag }));
        requireRepository(repository);
        throw manifestUnknown(tag);
      }
      table.removeTag(repository, tag);
    },
    deleteBlob(repository, digest) {
      const row = table.blob(repository, digest);
      if (!row) {
        refuseLocal(repository, local?.blob(repository, digest));
        requireRepository(repository);
        throw blobUnknown(digest);
      }
      table.removeBlob(repository, digest);
      drop(row.content);
    },
    tags(repository, page) {
      requireRepository(repository);
      return merged(table.tags(repository, page), local?.tags(repository) ?? [], page);
    },
    repositories: (page) => merged(table.repositories(page), local?.repositories() ?? [], page),
    referrers: table.referrers,
    prune(beforeMs) {
      let freedBytes = 0;
      const rows = table.unreferenced(beforeMs);
      for (const { repository, digest, content, sizeBytes } of rows) {
        table.removeBlob(repository, digest);
        drop(content);
        if (!blobs.has(content)) freedBytes += sizeBytes;
      }
      return { blobs: rows.length, freedBytes };
    },
  };
}

/** Both sorted; names of `pushed` come after `last` already. */
function merged(pushed: readonly string[], local: readonly string[], { last, limit }: Page): string[] {
  const names = new Set([...pushed, ...local.filter((name) => name > last)]);
  return [...names].sort().slice(0, limit);
}
