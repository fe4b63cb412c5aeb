import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extractCore } from "./extract-core.ts";

test("extractCore() writes an executable once, mends a damaged one, and sweeps other versions", () => {
  const cache = mkdtempSync(join(tmpdir(), "hbx-core-"));
  try {
    const path = extractCore(Buffer.from("one"), cache);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    const { ino } = statSync(path);
    expect(extractCore(Buffer.from("one"), cache)).toBe(path);
    expect(statSync(path).ino).toBe(ino);
    writeFileSync(path, "damaged");
    expect(extractCore(Buffer.from("one"), cache)).toBe(path);
    expect(readFileSync(path, "utf8")).toBe("one");
    const other = extractCore(Buffer.from("two"), cache);
    expect(other).not.toBe(path);
    expect(existsSync(path)).toBe(false);
    expect(readFileSync(other, "utf8")).toBe("two");
  } finally {
    rmSync(cache, { recursive: true });
  }
});
