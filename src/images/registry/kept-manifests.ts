/**
 * The manifests with which images came or went, byte by byte: a push of a pulled image has the digest of the pull. They go with
 * their image, when the next one is kept.
 */
import type { Digest } from "../../base/digest.ts";
import type { Database, Migration } from "../../state/index.ts";
import type { Image, ImageStore } from "../store/image-store.ts";
import { type Manifest, parseContent } from "./content/manifest.ts";
import { isForeignLayerType } from "./content/media-types.ts";

const migrations: readonly Migration[] = [
  {
    id: "images.manifests.1",
    sql: `
      CREATE TABLE image_manifests (
        image_id TEXT NOT NULL,
        digest TEXT NOT NULL,
        media_type TEXT NOT NULL,
        text TEXT NOT NULL,
        kept_ms INTEGER NOT NULL,
        PRIMARY KEY (image_id, digest)
      ) STRICT, WITHOUT ROWID;
    `,
  },
];

export type KeptManifests = {
  keep(imageId: Digest, manifest: Manifest, nowMs: number): void;
  /** The newest of which the store has every blob; null where there is none. */
  of(store: ImageStore, image: Pick<Image, "id">): Manifest | null;
};

export function openKeptManifests(db: Database): KeptManifests {
  db.migrate(migrations);
  return {
    keep(imageId, { digest, mediaType, bytes }, nowMs) {
      db.transaction(() => {
        db.prepare("DELETE FROM image_manifests WHERE image_id NOT IN (SELECT id FROM images)").run();
        db.prepare("INSERT OR REPLACE INTO image_manifests VALUES (?, ?, ?, ?, ?)").run(
          ...[imageId, digest, mediaType, new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), nowMs],
        );
      });
    },
    of({ blobs }, { id }) {
      const rows = db.prepare("SELECT * FROM image_manifests WHERE image_id = ? ORDER BY kept_ms DESC").all(id);
      for (const row of rows) {
        const content = parseContent(new TextEncoder().encode(String(row["text"])), String(row["media_type"]), id);
        const complete =
          content.kind === "manifest" &&
          content.layers.every(({ digest, mediaType }) => isForeignLayerType(mediaType) || blobs.has(digest));
        if (complete) return content;
      }
      return null;
    },
  };
}
