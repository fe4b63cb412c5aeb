/** Rows of the registry: blobs, manifests and tags of repositories. What a change means is decided by the callers. */
import type { Digest } from "../base/digest.ts";
import type { Database, Row } from "../state/index.ts";
import type { ContentDigest, Repository } from "./content/names.ts";
import { registryMigrations } from "./migrations.ts";

export type BlobRow = { repository: Repository; digest: ContentDigest; content: Digest; sizeBytes: number };
export type ManifestRow = BlobRow & {
  mediaType: string;
  /** Empty: none. */
  artifactType: string;
  subject: string;
  annotations: Record<string, string>;
};

export type RegistryTable = {
  blob(repository: Repository, digest: ContentDigest): BlobRow | null;
  /** The repositories that have a blob. */
  blobPlaces(digest: ContentDigest): BlobRow[];
  addBlob(row: BlobRow, nowMs: number): void;
  removeBlob(repository: Repository, digest: ContentDigest): void;
  manifest(repository: Repository, digest: ContentDigest): ManifestRow | null;
  /** Also where it was there already: it names what it names. */
  addManifest(row: ManifestRow, references: readonly string[], nowMs: number): void;
  /** With its tags. */
  removeManifest(repository: Repository, digest: ContentDigest): void;
  /** Sorted by digest, after `last`; fewer than asked for where their annotations are large. */
  referrers(repository: Repository, subject: ContentDigest, artifactType: string | null, page: Page): Referrers;
  manifests(): ManifestRow[];
  tag(repository: Repository, tag: string): ContentDigest | null;
  setTag(repository: Repository, tag: string, digest: ContentDigest, nowMs: number): void;
  removeTag(repository: Repository, tag: string): void;
  tags(repository: Repository, page: Page): string[];
  tagsOf(repository: Repository, digest: ContentDigest): string[];
  repositories(page: Page): string[];
  hasRepository(repository: Repository): boolean;
  /** Blobs that no manifest of their repository names and that came before `beforeMs`. */
  unreferenced(beforeMs: number): BlobRow[];
  holds(content: Digest): boolean;
  contents(): Digest[];
  transaction<T>(work: () => T): T;
};

export type Referrers = { rows: ManifestRow[]; more: boolean };

/** The specification's limit for a manifest, which an answer to clients is too. */
const maxPageBytes = 4 * 1024 * 1024;

/** Names after `last` in byte order, `limit` of them at the most. */
export type Page = { last: string; limit: number };

export function openRegistryTable(db: Database): RegistryTable {
  db.migrate(registryMigrations);
  const run = (sql: string, ...bindings: (string | number)[]) => db.prepare(sql).run(...bindings);
  const get = (sql: string, ...bindings: (string | number)[]) => db.prepare(sql).get(...bindings);
  const all = (sql: string, ...bindings: (string | number)[]) => db.prepare(sql).all(...bindings);
  const texts = (rows: readonly Row[], column: string) => rows.map((row) => String(row[column]));
  return {
    blob(repository, digest) {
      const row = get("SELECT * FROM registry_blobs WHERE repository = ? AND digest = ?", repository, digest);
      return row && blobRow(row);
    },
    blobPlaces: (digest) =>
      all("SELECT * FROM registry_blobs WHERE digest = ? ORDER BY repository LIMIT 100", digest).map(blobRow),
    addBlob({ repository, digest, content, sizeBytes }, nowMs) {
      run(
        "INSERT OR REPLACE INTO registry_blobs VALUES (?, ?, ?, ?, ?)",
        repository,
        digest,
        content,
        sizeBytes,
        nowMs,
      );
    },
    removeBlob: (repository, digest) =>
      run("DELETE FROM registry_blobs WHERE repository = ? AND digest = ?", repository, digest),
    manifest(repository, digest) {
      const row = get("SELECT * FROM registry_manifests WHERE repository = ? AND digest = ?", repository, digest);
      return row && manifestRow(row);
    },
    addManifest(row, references, nowMs) {
      const { repository, digest, content, mediaType, sizeBytes, artifactType, subject, annotations } = row;
      db.transaction(() => {
        run(
          "INSERT OR REPLACE INTO registry_manifests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          ...[
            repository,
            digest,
            content,
            mediaType,
            sizeBytes,
            artifactType,
            subject,
            JSON.stringify(annotations),
            nowMs,
          ],
        );
        for (const target of references)
          run("INSERT OR IGNORE INTO registry_references VALUES (?, ?, ?)", repository, digest, target);
      });
    },
    removeManifest(repository, digest) {
      db.transaction(() => {
        for (const table of ["registry_manifests", "registry_tags"])
          run(`DELETE FROM ${table} WHERE repository = ? AND digest = ?`, repository, digest);
        run("DELETE FROM registry_references WHERE repository = ? AND manifest = ?", repository, digest);
      });
    },
    referrers(repository, subject, artifactType, { last, limit }) {
      const which =
        "FROM registry_manifests WHERE repository = ? AND subject = ? AND digest > ? AND ? IN ('', artifact_type)";
      const bindings = [repository, subject, last, artifactType ?? ""];
      const order = "ORDER BY digest LIMIT ?";
      const sizes = all(`SELECT length(annotations) AS size ${which} ${order}`, ...bindings, limit + 1);
      let [count, room] = [0, maxPageBytes];
      while (count < limit && count < sizes.length && (room -= Number(sizes[count]?.size)) > 0) count++;
      if (limit > 0 && sizes.length > 0) count = Math.max(count, 1);
      const rows = all(`SELECT * ${which} ${order}`, ...bindings, count).map(manifestRow);
      return { rows, more: count > 0 && sizes.length > count };
    },
    manifests: () => all("SELECT * FROM registry_manifests ORDER BY repository, digest").map(manifestRow),
    tag(repository, tag) {
      const row = get("SELECT digest FROM registry_tags WHERE repository = ? AND tag = ?", repository, tag);
      return row && (row.digest as ContentDigest);
    },
    setTag: (repository, tag, digest, nowMs) =>
      run("INSERT OR REPLACE INTO registry_tags VALUES (?, ?, ?, ?)", repository, tag, digest, nowMs),
    removeTag: (repository, tag) => run("DELETE FROM registry_tags WHERE repository = ? AND tag = ?", repository, tag),
    tags: (repository, { last, limit }) =>
      texts(
        all(
          "SELECT tag FROM registry_tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?",
          ...[repository, last, limit],
        ),
        "tag",
      ),
    tagsOf: (repository, digest) =>
      texts(
        all("SELECT tag FROM registry_tags WHERE repository = ? AND digest = ? ORDER BY tag", repository, digest),
        "tag",
      ),
    repositories: ({ last, limit }) =>
      texts(
        all(
          "SELECT DISTINCT repository FROM registry_manifests WHERE repository > ? ORDER BY repository LIMIT ?",
          last,
          limit,
        ),
        "repository",
      ),
    hasRepository: (repository) =>
      ["registry_manifests", "registry_blobs"].some(
        (table) => get(`SELECT 1 FROM ${table} WHERE repository = ? LIMIT 1`, repository) !== null,
      ),
    unreferenced: (beforeMs) =>
      all(
        `SELECT * FROM registry_blobs AS blob WHERE added_ms < ? AND NOT EXISTS (
           SELECT 1 FROM registry_references WHERE repository = blob.repository AND target = blob.digest)`,
        beforeMs,
      ).map(blobRow),
    holds: (content) =>
      ["registry_blobs", "registry_manifests"].some(
        (table) => get(`SELECT 1 FROM ${table} WHERE content = ? LIMIT 1`, content) !== null,
      ),
    contents: () =>
      texts(
        all("SELECT content FROM registry_blobs UNION SELECT content FROM registry_manifests"),
        "content",
      ) as Digest[],
    transaction: (work) => db.transaction(work),
  };
}

function blobRow(row: Row): BlobRow {
  return {
    repository: row.repository as Repository,
    digest: row.digest as ContentDigest,
    content: row.content as Digest,
    sizeBytes: Number(row.size_bytes),
  };
}

function manifestRow(row: Row): ManifestRow {
  return {
    ...blobRow(row),
    mediaType: String(row.media_type),
    artifactType: String(row.artifact_type),
    subject: String(row.subject),
    annotations: JSON.parse(String(row.annotations)) as Record<string, string>,
  };
}
