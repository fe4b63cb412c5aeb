import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Digest } from "../../../base/digest.ts";
import { addSpan, gapsOf, openPartialFile, type Span } from "./partial-file.ts";

const digest = `sha256:${"a".repeat(64)}` as Digest;
const name = "a".repeat(64);
const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "hbx-partial-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("openPartialFile() finds after a restart what came, wherever it belongs", () =>
  inDirectory(async (directory) => {
    {
      await using file = await openPartialFile(directory, digest, 100);
      await file.write(0, bytes(10, 1));
      await file.write(50, bytes(10, 2));
      expect([file.prefixBytes, file.presentBytes]).toEqual([10, 20]);
    }
    await using again = await openPartialFile(directory, digest, 100);
    expect(again.gaps()).toEqual([
      { start: 10, end: 50 },
      { start: 60, end: 100 },
    ]);
    expect(await again.read(50, 10)).toEqual(Buffer.from(bytes(10, 2)));
  }));

test("openPartialFile() begins anew where its notes are damaged or speak of another size", () =>
  inDirectory(async (directory) => {
    for (const notes of ["100\n0-200", "100\nx", "99\n0-10", "", "100\n10-5"]) {
      writeFileSync(join(directory, name), bytes(10, 1));
      writeFileSync(join(directory, `${name}.parts`), notes);
      await using file = await openPartialFile(directory, digest, 100);
      expect(file.gaps()).toEqual([{ start: 0, end: 100 }]);
    }
    expect(readdirSync(directory)).toEqual([]);
  }));

test("openPartialFile() leaves nothing where nothing came or it was discarded", () =>
  inDirectory(async (directory) => {
    for (const discard of [false, true]) {
      await using file = await openPartialFile(directory, digest, 100);
      if (!discard) continue;
      await file.write(0, bytes(10, 1));
      file.discard();
    }
    expect(readdirSync(directory)).toEqual([]);
  }));

test("openPartialFile() begins anew where its notes outlived the file", () =>
  inDirectory(async (directory) => {
    writeFileSync(join(directory, `${name}.parts`), "100\n0-50");
    await using file = await openPartialFile(directory, digest, 100);
    expect(file.prefixBytes).toBe(0);
  }));

test("addSpan() and gapsOf() agree with a plain list of bytes", () => {
  const span = fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]): Span => ({ start: Math.min(a, b), end: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 12 }), (list) => {
      const present = new Set<number>();
      let spans: Span[] = [];
      for (const one of list) {
        spans = addSpan(spans, one);
        for (let at = one.start; at < one.end; at++) present.add(at);
      }
      const missing = new Set(
        gapsOf(spans, 60).flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at)),
      );
      for (let at = 0; at < 60; at++) expect(missing.has(at)).toBe(!present.has(at));
    }),
    { seed: 5 },
  );
});
