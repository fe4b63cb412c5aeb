import { expect, test } from "bun:test";
import { backoffDelay, retryAfterSec, wait } from "./backoff.ts";

test("backoffDelay() doubles, has a random half, and ends at 20 s", () => {
  expect([0, 1, 2, 3].map((attempt) => backoffDelay(attempt, 100, () => 1))).toEqual([100, 200, 400, 800]);
  expect(backoffDelay(0, 100, () => 0)).toBe(50);
  expect(backoffDelay(30, 100, () => 1)).toBe(20_000);
});

test("retryAfterSec() reads seconds and dates", () => {
  expect(retryAfterSec("17", 0)).toBe(17);
  expect(retryAfterSec("Thu, 01 Jan 1970 00:00:10 GMT", 4_000)).toBe(6);
  expect(retryAfterSec("Thu, 01 Jan 1970 00:00:10 GMT", 60_000)).toBe(0);
  expect([retryAfterSec(null, 0), retryAfterSec("soon", 0), retryAfterSec("-1", 0)]).toEqual([null, null, null]);
});

test("wait() ends with the signal", async () => {
  const stop = new AbortController();
  const waiting = wait(60_000, stop.signal);
  stop.abort(new Error("given up"));
  await expect(waiting).rejects.toThrow("given up");
  await expect(wait(0, stop.signal)).rejects.toThrow("given up");
});
