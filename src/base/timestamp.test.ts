import { expect, test } from "bun:test";
import { parseGoDuration, parseTimestamp } from "./timestamp.ts";

const now = Date.UTC(2026, 10, 21, 4, 0, 0);

test.each([
  ["1763697600", 1763697600000],
  ["1763697600.5", 1763697600500],
  ["2025-11-21T04:00:00Z", Date.UTC(2025, 10, 21, 4)],
  ["2025-11-21T04:00:00.25Z", Date.UTC(2025, 10, 21, 4) + 250],
  ["2025-11-21T04:00:00+02:00", Date.UTC(2025, 10, 21, 2)],
  ["10m", now - 600_000],
  ["1h30m", now - 5_400_000],
  ["1.5h", now - 5_400_000],
  ["100ms", now - 100],
])("parseTimestamp(%p) is %p", (text, ms) => expect(parseTimestamp(text, now)).toBe(ms));

test.each(["", "x", "10", "2025-13-40", "10 m", "m", "1h30", "--1h"])("parseGoDuration(%p) is null", (text) => {
  expect(parseGoDuration(text)).toBeNull();
});

test.each(["", "yesterday", "2025-13-01", "1e5", "10m x"])("parseTimestamp(%p) is refused", (text) => {
  expect(() => parseTimestamp(text, now)).toThrow("Cannot read the time");
});
