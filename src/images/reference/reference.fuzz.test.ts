import { expect, test } from "bun:test";
import fc from "fast-check";
import { EngineError } from "../../base/errors.ts";
import { parseReferencePattern } from "./match-pattern.ts";
import { parseImageName } from "./parse-any.ts";
import { canonicalName, familiarName, parseReference, withDefaultTag } from "./reference.ts";

const seed = 20261121;
const alphabet = fc.constantFrom(..."abcAZ09._-:/@[]\\*?^ \0\nä", "sha256:", "docker.io", "localhost", "a".repeat(64));
const text = fc.array(alphabet, { maxLength: 24 }).map((parts) => parts.join(""));

function refusedOr<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    return null;
  }
}

test("parseReference() either refuses or round-trips through both of its forms", () => {
  fc.assert(
    fc.property(text, (typed) => {
      const parsed = refusedOr(() => withDefaultTag(parseReference(typed)));
      if (parsed === null) return;
      expect(withDefaultTag(parseReference(canonicalName(parsed)))).toEqual(parsed);
      const familiar = refusedOr(() => withDefaultTag(parseReference(familiarName(parsed))));
      if (familiar !== null) expect(familiar).toEqual(parsed);
    }),
    { seed, numRuns: 3000 },
  );
});

test("parseImageName() throws nothing but EngineError", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (typed) => void refusedOr(() => parseImageName(typed))),
    { seed, numRuns: 2000 },
  );
});

test("parseReferencePattern() compiles or refuses every pattern, and answers quickly", () => {
  const target = parseReference("registry.example.com:5000/some/long/path/name:tag-1.2.3");
  fc.assert(
    fc.property(text, (pattern) => void refusedOr(() => parseReferencePattern(pattern)(target))),
    { seed, numRuns: 2000 },
  );
  const started = performance.now();
  parseReferencePattern(`${"*a".repeat(12)}b`)(parseReference("a".repeat(60)));
  expect(performance.now() - started).toBeLessThan(2000);
});
