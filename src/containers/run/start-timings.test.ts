import { expect, test } from "bun:test";
import { startStopwatch } from "./start-timings.ts";

test("startStopwatch() keeps the order of the steps and sums a step that is marked twice", () => {
  const watch = startStopwatch();
  watch.mark("claim");
  const until = performance.now() + 2;
  while (performance.now() < until);
  watch.mark("files");
  const before = watch.steps["claim"] ?? 0;
  const again = performance.now() + 2;
  while (performance.now() < again);
  watch.mark("claim");
  expect(Object.keys(watch.steps)).toEqual(["claim", "files"]);
  expect(watch.steps["files"]).toBeGreaterThanOrEqual(2000);
  expect(watch.steps["claim"]).toBeGreaterThanOrEqual(before + 2000);
});
