import { expect, test } from "bun:test";
import { parseSignal } from "./signals.ts";

test.each([
  ["9", 9],
  ["KILL", 9],
  ["SIGTERM", 15],
  ["sigusr1", 10],
  ["RTMIN", 34],
  ["SIGRTMIN+3", 37],
  ["RTMAX-1", 63],
])("parseSignal() reads %s as %d", (text, number) => expect(parseSignal(text)).toBe(number));

test.each(["", "0", "65", "-1", "NOPE", "RTMIN+31", "RTMAX+1", "9x"])("parseSignal() refuses %p", (text) => {
  expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
});
