import { describe, expect, test } from "bun:test";
import { createDetachFilter, parseDetachKeys } from "./detach-keys.ts";

test.each<[string | null, number[]]>([
  [null, [16, 17]],
  ["", [16, 17]],
  ["ctrl-a", [1]],
  ["ctrl-@,ctrl-[,x", [0, 27, 120]],
  ["ctrl-_", [31]],
])("parseDetachKeys() reads %p", (text, keys) => expect(parseDetachKeys(text)).toEqual(keys));

test.each(["ctrl-", "ctrl-1", "ab", "ctrl-a,", "é"])("parseDetachKeys() refuses %p", (text) => {
  expect(() => parseDetachKeys(text)).toThrow(`Invalid detach keys (${text}) provided`);
});

describe("createDetachFilter()", () => {
  const run = (...chunks: number[][]) => {
    const filter = createDetachFilter([16, 17]);
    const passed: number[] = [];
    let detached = false;
    for (const chunk of chunks) {
      const result = filter.push(Uint8Array.from(chunk));
      passed.push(...result.pass);
      detached ||= result.detached;
    }
    return { passed, detached };
  };
  test.each([
    [[[1, 2, 3]], [1, 2, 3], false],
    [[[1, 16, 17]], [1], true],
    [[[16], [17]], [], true],
    [[[16], [1]], [16, 1], false],
    [[[16, 16, 17]], [16], true],
    [[[16], [16], [5]], [16, 16, 5], false],
  ])("%j passes %j, detached %p", (chunks, passed, detached) => expect(run(...chunks)).toEqual({ passed, detached }));
});
