import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiskReserve } from "./disk-reserve.ts";

test("a reserve can be given once, is made again later, and is found by the next daemon", () => {
  const folder = mkdtempSync(join(tmpdir(), "hbx-reserve-"));
  try {
    const path = join(folder, "reserve");
    let now = 0;
    const reserve = createDiskReserve(path, () => now);
    expect(reserve.give()).toBe(false);
    reserve.restore();
    expect(existsSync(path)).toBe(true);
    expect(reserve.give()).toBe(true);
    expect(existsSync(path)).toBe(false);
    expect(reserve.give()).toBe(false);
    expect(reserve.lacking()).toBe(false); // the disk has room
    reserve.restore();
    expect(existsSync(path)).toBe(false); // not at once
    now += 60_000;
    reserve.restore();
    expect(existsSync(path)).toBe(true);
    expect(createDiskReserve(path).give()).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
