import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, lchownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeOwnRunDirectory } from "./run-directory.ts";

const me = process.getuid?.() ?? 0;
let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "hbx-run-"));
});
afterEach(() => rmSync(base, { recursive: true }));

test("makeOwnRunDirectory() makes what is missing, closed to others", () => {
  const run = join(base, "a/b");
  makeOwnRunDirectory(run, me);
  makeOwnRunDirectory(run, me);
  expect(statSync(run).mode & 0o777).toBe(0o700);
});

test("makeOwnRunDirectory() refuses what everybody may change, unless only the owner may rename in it", () => {
  const open = join(base, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  expect(() => makeOwnRunDirectory(join(open, "run"), me)).toThrow("everybody may change it");
  chmodSync(open, 0o1777);
  makeOwnRunDirectory(join(open, "run"), me);
});

test.skipIf(me !== 0)("makeOwnRunDirectory() refuses another user's directory, and another user's link", () => {
  const theirs = join(base, "theirs");
  mkdirSync(theirs);
  const link = join(base, "link");
  symlinkSync(base, link);
  for (const path of [theirs, link]) lchownSync(path, 4321, 4321);
  for (const path of [theirs, link, join(theirs, "run"), join(link, "run")]) {
    expect(() => makeOwnRunDirectory(path, 1234)).toThrow("belongs to another user");
  }
  makeOwnRunDirectory(join(theirs, "run"), 4321);
});
