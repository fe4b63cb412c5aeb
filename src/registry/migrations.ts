/** Tables of the registry. `content` is the sha256 by which the blob store knows what clients name by `digest`. */
import type { Migration } from "../state/index.ts";

export const registryMigrations: readonly Migration[] = [
  {
    id: "registry.1",
    sql: `
      CREATE TABLE registry_blobs (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        content TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        added_ms INTEGER NOT NULL,
        PRIMARY KEY (repository, digest)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX registry_blobs_by_content ON registry_blobs(content);
      CREATE INDEX registry_blobs_by_digest ON registry_blobs(digest);
      CREATE TABLE registry_manifests (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        content TEXT NOT NULL,
        media_type TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        artifact_type TEXT NOT NULL,
        subject TEXT NOT NULL,
        annotations TEXT NOT NULL,
        pushed_ms INTEGER NOT NULL,
        PRIMARY KEY (repository, digest)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX registry_manifests_by_content ON registry_manifests(content);
      CREATE INDEX registry_manifests_by_subject ON registry_manifests(repository, subject, digest);
      -- What a manifest names: blobs and other manifests of its repository.
      CREATE TABLE registry_references (
        repository TEXT NOT NULL,
        manifest TEXT NOT NULL,
        target TEXT NOT NULL,
        PRIMARY KEY (repository, manifest, target)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX registry_references_by_target ON registry_references(repository, target);
      CREATE TABLE registry_tags (
        repository TEXT NOT NULL,
        tag TEXT NOT NULL,
        digest TEXT NOT NULL,
        updated_ms INTEGER NOT NULL,
        PRIMARY KEY (repository, tag)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX registry_tags_by_digest ON registry_tags(repository, digest);
      -- Bytes received so far are in a file; its length is how far the upload is.
      CREATE TABLE registry_uploads (
        id TEXT PRIMARY KEY,
        repository TEXT NOT NULL,
        touched_ms INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      -- Servers that the next daemon starts again.
      CREATE TABLE registry_servers (
        address TEXT PRIMARY KEY,
        options TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    id: "registry.2",
    sql: `
      -- Layers whose packages are known: managers empty where there are none, error where they could not be read.
      CREATE TABLE registry_indexed (
        content TEXT PRIMARY KEY,
        managers TEXT NOT NULL,
        error TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE registry_packages (
        content TEXT NOT NULL,
        manager TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        PRIMARY KEY (content, manager, name, version)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX registry_packages_by_name ON registry_packages(name);
    `,
  },
];
