import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { logRecord } from "../test-support/log-writer.ts";
import { openLogFiles, openNext } from "./log-files.ts";
import { readBlocks } from "./read-blocks.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync("/tmp/hbx-log-");
});
afterEach(() => rmSync(dir, { recursive: true }));

/** As the core rotates: the oldest becomes the newest and is written over. */
function rotateOver(path: string, text: string): void {
  renameSync(`${path}.1`, `${path}.new`);
  renameSync(path, `${path}.1`);
  renameSync(`${path}.new`, path);
  const fd = openSync(path, "r+");
  writeSync(fd, Buffer.concat([logRecord(1, text), Buffer.alloc(16)]), 0, undefined, 0);
  closeSync(fd);
}

test("readBlocks() stops at the mark before old content, and openNext() finds what follows a file that was lost", async () => {
  const path = `${dir}/log`;
  const old = Buffer.concat(Array.from({ length: 40_000 }, (_, n) => logRecord(1, `old line ${n}\n`)));
  writeFileSync(`${path}.1`, old);
  writeFileSync(path, logRecord(1, "second\n"));
  const files = await openLogFiles(path, 2);
  const [oldest, second] = files;
  if (!oldest || !second) throw new Error("two files were expected");
  const blocks = readBlocks(oldest);
  expect((await blocks.next()).done).toBe(false);
  rotateOver(path, "third\n");
  expect((await blocks.next()).done).toBe(true);
  expect(oldest.lost).toBe(true);
  const next = await openNext(path, 2, second);
  const block = (await readBlocks(next ?? oldest).next()).value;
  expect(block ? block.bytes.toString("utf8", 16) : "").toBe("third\n");
  const afterLost = await openNext(path, 2, oldest);
  expect(afterLost?.inode).toBe(second.inode);
  for (const file of [...files, next, afterLost]) await file?.[Symbol.asyncDispose]();
});
