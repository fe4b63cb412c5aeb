/** Rows of the image store. Every change is one transaction; what it means is decided by the callers. */
import type { Digest } from "../../base/digest.ts";
import type { Database, Row } from "../../state/index.ts";
import { imageMigrations } from "./migrations.ts";

export type ImageRow = {
  id: Digest;
  parent: Digest | null;
  sizeBytes: number;
  addedMs: number;
  taggedMs: number | null;
  /** When a container last let go of it, as far as that was written down. */
  usedMs: number | null;
  detached: boolean;
  /** Bottom first. */
  chainIds: Digest[];
  /** Canonical names, sorted. */
  names: string[];
};

export type LayerRow = { chainId: Digest; diffId: Digest; blob: Digest; blobBytes: number; sizeBytes: number };

export type ImageTable = {
  images(): ImageRow[];
  layers(): LayerRow[];
  layer(chainId: Digest): LayerRow | null;
  addLayer(layer: LayerRow): void;
  /** Inserts the image, or shows it again where it was detached, and points `names` at it. */
  addImage(
    image: { id: Digest; parent: Digest | null; sizeBytes: number; chainIds: readonly Digest[] },
    nowMs: number,
  ): void;
  setName(name: string, id: Digest, nowMs: number): void;
  removeName(name: string): void;
  setUsed(id: Digest, nowMs: number): void;
  detach(id: Digest): void;
  removeImage(id: Digest): void;
  removeLayer(chainId: Digest): void;
  transaction<T>(work: () => T): T;
};

export function openImageTable(db: Database): ImageTable {
  db.migrate(imageMigrations);
  const run = (sql: string, ...bindings: (string | number | null)[]) => db.prepare(sql).run(...bindings);
  return {
    images() {
      const chains = group(
        db.prepare("SELECT image_id, chain_id AS value FROM image_layers ORDER BY image_id, position").all(),
      );
      const names = group(db.prepare("SELECT image_id, name AS value FROM image_references ORDER BY name").all());
      return db
        .prepare("SELECT * FROM images ORDER BY added_ms, id")
        .all()
        .map((row) => ({
          id: row.id as Digest,
          parent: row.parent === "" ? null : (row.parent as Digest),
          sizeBytes: Number(row.size_bytes),
          addedMs: Number(row.added_ms),
          usedMs: row.used_ms === null ? null : Number(row.used_ms),
          taggedMs: row.tagged_ms === null ? null : Number(row.tagged_ms),
          detached: row.detached !== 0,
          chainIds: (chains.get(String(row.id)) ?? []) as Digest[],
          names: names.get(String(row.id)) ?? [],
        }));
    },
    layers: () => db.prepare("SELECT * FROM layers").all().map(layerRow),
    layer(chainId) {
      const row = db.prepare("SELECT * FROM layers WHERE chain_id = ?").get(chainId);
      return row && layerRow(row);
    },
    addLayer(layer) {
      run(
        "INSERT OR REPLACE INTO layers (chain_id, diff_id, blob, blob_bytes, size_bytes) VALUES (?, ?, ?, ?, ?)",
        layer.chainId,
        layer.diffId,
        layer.blob,
        layer.blobBytes,
        layer.sizeBytes,
      );
    },
    addImage({ id, parent, sizeBytes, chainIds }, nowMs) {
      db.transaction(() => {
        run(
          `INSERT INTO images (id, parent, size_bytes, added_ms) VALUES (?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET detached = 0`,
          id,
          parent ?? "",
          sizeBytes,
          nowMs,
        );
        chainIds.forEach((chainId, position) => {
          run(
            "INSERT OR IGNORE INTO image_layers (image_id, position, chain_id) VALUES (?, ?, ?)",
            id,
            position,
            chainId,
          );
        });
      });
    },
    setName(name, id, nowMs) {
      db.transaction(() => {
        run("INSERT OR REPLACE INTO image_references (name, image_id) VALUES (?, ?)", name, id);
        run("UPDATE images SET tagged_ms = ? WHERE id = ?", nowMs, id);
      });
    },
    removeName: (name) => run("DELETE FROM image_references WHERE name = ?", name),
    setUsed: (id, nowMs) => run("UPDATE images SET used_ms = ? WHERE id = ?", nowMs, id),
    detach: (id) => run("UPDATE images SET detached = 1 WHERE id = ?", id),
    removeImage(id) {
      db.transaction(() => {
        run("DELETE FROM image_references WHERE image_id = ?", id);
        run("DELETE FROM image_layers WHERE image_id = ?", id);
        run("DELETE FROM images WHERE id = ?", id);
      });
    },
    removeLayer: (chainId) => run("DELETE FROM layers WHERE chain_id = ?", chainId),
    transaction: (work) => db.transaction(work),
  };
}

function layerRow(row: Row): LayerRow {
  return {
    chainId: row.chain_id as Digest,
    diffId: row.diff_id as Digest,
    blob: row.blob as Digest,
    blobBytes: Number(row.blob_bytes),
    sizeBytes: Number(row.size_bytes),
  };
}

function group(rows: readonly Row[]): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const row of rows) {
    const list = out.get(String(row.image_id));
    if (list) list.push(String(row.value));
    else out.set(String(row.image_id), [String(row.value)]);
  }
  return out;
}
