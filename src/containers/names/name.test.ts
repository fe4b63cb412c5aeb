import { expect, test } from "bun:test";
import { generateName, parseName } from "./name.ts";
import { adjectives, surnames } from "./words.ts";

test.each(["ab", "a.b-c_d", "0x", "/web"])("parseName() takes %p", (name) => {
  expect(parseName(name)).toBe(name.replace(/^\//, ""));
});

test.each(["a", "-ab", ".ab", "a b", "ä1", "a/b", "//ab"])("parseName() refuses %p", (name) => {
  expect(() => parseName(name)).toThrow(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
});

test("generateName() adds digits once the plain names are taken", () => {
  const first = `${adjectives[0]}_${surnames[0]}`;
  expect(
    generateName(
      () => false,
      () => 0,
    ),
  ).toBe(first);
  expect(
    generateName(
      (name) => name === first,
      () => 0,
    ),
  ).toBe(`${first}0`);
});

test("every generated name is a valid one", () => {
  for (const word of [...adjectives, ...surnames]) expect(word).toMatch(/^[a-z]+$/);
});
