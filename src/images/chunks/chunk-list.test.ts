import { expect, test } from "bun:test";
import { type Chunk, encodeChunks, parseChunks } from "./chunk-list.ts";

const chunks: Chunk[] = [
  { hash: "ab".repeat(32), offset: 0, length: 70_000 },
  { hash: "01".repeat(32), offset: 70_000, length: 5 },
];

test("parseChunks() reads what encodeChunks() wrote", () => {
  expect(parseChunks(encodeChunks(chunks), 70_005)).toEqual(chunks);
  expect(parseChunks(new Uint8Array(), 0)).toEqual([]);
});

test.each([
  ["another size", encodeChunks(chunks), 70_004],
  ["half a chunk", encodeChunks(chunks).subarray(0, 40), 70_005],
  ["a chunk without bytes", encodeChunks([{ hash: "00".repeat(32), offset: 0, length: 0 }]), 0],
  ["a chunk larger than any", encodeChunks([{ hash: "00".repeat(32), offset: 0, length: 300_000 }]), 300_000],
])("parseChunks() refuses %s", (_what, bytes, size) => expect(parseChunks(bytes, size)).toBeNull());
