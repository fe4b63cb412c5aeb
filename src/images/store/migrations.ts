/** Tables of the image store. Reference counts are not stored: they are what the rows say. */
import type { Migration } from "../../state/index.ts";

export const imageMigrations: readonly Migration[] = [
  {
    id: "images.1",
    sql: `
      CREATE TABLE images (
        id TEXT PRIMARY KEY,
        parent TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        added_ms INTEGER NOT NULL,
        tagged_ms INTEGER,
        -- Removed by force while containers were made from it: hidden, kept until the last of them is gone.
        detached INTEGER NOT NULL DEFAULT 0
      ) STRICT;
      CREATE TABLE layers (
        chain_id TEXT PRIMARY KEY,
        diff_id TEXT NOT NULL,
        blob TEXT NOT NULL,
        blob_bytes INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE image_layers (
        image_id TEXT NOT NULL REFERENCES images(id),
        position INTEGER NOT NULL,
        chain_id TEXT NOT NULL REFERENCES layers(chain_id),
        PRIMARY KEY (image_id, position)
      ) STRICT;
      CREATE INDEX image_layers_by_chain ON image_layers(chain_id);
      CREATE TABLE image_references (
        name TEXT PRIMARY KEY,
        image_id TEXT NOT NULL REFERENCES images(id)
      ) STRICT;
      CREATE INDEX image_references_by_image ON image_references(image_id);
    `,
  },
  {
    id: "images.2",
    // When a container last let go of the image; null: not since this is recorded.
    sql: "ALTER TABLE images ADD COLUMN used_ms INTEGER",
  },
];
