import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseFilters } from "../api/index.ts";
import { EngineError } from "../base/errors.ts";
import { parseImageFilters } from "./filters.ts";
import { dockerArchive, tarOf } from "./testing/archives.ts";
import { openTestImages } from "./testing/open-test-images.ts";

const allowed = ["dangling", "label", "label!", "before", "since", "reference", "until"];
const word = fc.oneof(
  fc.constantFrom(
    "true",
    "0",
    "a=b",
    "=",
    "app",
    "app:1",
    "*",
    "[",
    "[a-",
    "\\",
    "10m",
    "2020-01-01",
    "-1",
    "constructor",
    "sha256:",
  ),
  fc.string({ maxLength: 12 }),
);
const query = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc
    .dictionary(fc.constantFrom(...allowed, "nope"), fc.array(word, { maxLength: 3 }), { maxKeys: 4 })
    .map((value) => JSON.stringify(value)),
  fc
    .dictionary(fc.constantFrom(...allowed), fc.dictionary(word, fc.boolean(), { maxKeys: 3 }))
    .map((value) => JSON.stringify(value)),
);

test("filters either decide about every image or are refused", async () => {
  using at = openTestImages();
  await at.load(dockerArchive(["app:1"], [tarOf({ f: "x" })]));
  fc.assert(
    fc.property(query, (text) => {
      try {
        const matches = parseImageFilters(at.images, parseFilters(new URLSearchParams({ filters: text }), allowed));
        for (const image of at.images.store.list()) expect(typeof matches(image)).toBe("boolean");
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        expect(["invalid_argument", "not_found"]).toContain(error.kind);
      }
    }),
    { seed: 20261121, numRuns: 2000 },
  );
});
