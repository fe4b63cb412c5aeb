import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBlobStore } from "./blob-store.ts";

test("open() gives a blob or a range of it, and fails where there is less", async () => {
  const home = mkdtempSync(join(tmpdir(), "hbx-blobs-"));
  try {
    const blobs = openBlobStore(home);
    const bytes = Buffer.from(Array.from({ length: 3 << 20 }, (_, at) => at % 251));
    const digest = blobs.put(bytes);
    const read = async (range?: { offset: number; length?: number }) =>
      Buffer.concat(await Array.fromAsync(blobs.open(digest, range)));
    expect((await read()).equals(bytes)).toBe(true);
    expect((await read({ offset: 1_500_000, length: 1_200_000 })).equals(bytes.subarray(1_500_000, 2_700_000))).toBe(
      true,
    );
    expect((await read({ offset: bytes.byteLength - 3 })).equals(bytes.subarray(-3))).toBe(true);
    expect(await read({ offset: 5, length: 0 })).toEqual(Buffer.alloc(0));
    await expect(read({ offset: bytes.byteLength - 3, length: 4 })).rejects.toThrow("bytes were expected");
  } finally {
    rmSync(home, { recursive: true });
  }
});
