import { expect, test } from "bun:test";
import { parseReferencePattern } from "./match-pattern.ts";
import { parseReference, withDefaultTag } from "./reference.ts";

test.each([
  ["alpine", "alpine", true],
  ["alpine:latest", "alpine", true],
  ["alpine:3*", "alpine:3.20", true],
  ["al*", "alpine:3", true],
  ["*", "alpine", true],
  ["*", "user/alpine", false],
  ["*/*", "user/alpine", true],
  ["*pine", "alpine:3", true],
  ["a?pine", "alpine", true],
  ["[a-b]lpine", "alpine", true],
  ["[^a]lpine", "alpine", false],
  ["docker.io/library/alpine", "alpine", false],
  ["al\\pine", "alpine", true],
  ["a.pine", "alpine", false],
])("parseReferencePattern(%p) on %p is %p", (pattern, name, matches) => {
  expect(parseReferencePattern(pattern)(withDefaultTag(parseReference(name)))).toBe(matches);
});

test.each(["[", "[]", "a[b", "x\\", "[z-a]"])("parseReferencePattern(%p) is refused", (pattern) => {
  expect(() => parseReferencePattern(pattern)).toThrow("malformed");
});
