import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../base/digest.ts";
import { openDatabase } from "../../state/index.ts";
import { openBlobStore } from "./blob-store.ts";
import { openImageTable } from "./image-table.ts";
import { dropBlob, keepBlobs } from "./kept-blobs.ts";

test("keepBlobs() leaves held blobs to their holder; dropBlob() removes what neither it nor an image has", () => {
  const home = mkdtempSync("/tmp/hbx-kept-");
  using db = openDatabase(join(home, "state.db"));
  const table = openImageTable(db);
  const held = new Set<Digest>();
  const blobs = keepBlobs(openBlobStore(home), { keeps: (digest) => held.has(digest), all: () => [...held] });
  const text = (value: string) => blobs.put(new TextEncoder().encode(value));
  const [ours, layer, config, stray] = [text("ours"), text("layer"), text("config"), text("stray")];
  held.add(ours);
  blobs.remove(ours);
  expect(blobs.has(ours)).toBe(true);
  table.addLayer({ chainId: layer, diffId: layer, blob: layer, blobBytes: 5, sizeBytes: 5 });
  table.addImage({ id: config, parent: null, sizeBytes: 5, chainIds: [layer] }, 1);
  for (const digest of [layer, config]) {
    dropBlob(blobs, table, digest);
    expect(blobs.has(digest)).toBe(true);
  }
  expect(blobs.sweep(new Set([layer, config]))).toBe(1);
  expect([blobs.has(stray), blobs.has(ours)]).toEqual([false, true]);
  held.clear();
  dropBlob(blobs, table, ours);
  expect(blobs.has(ours)).toBe(false);
  rmSync(home, { recursive: true });
});
