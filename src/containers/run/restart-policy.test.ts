import { describe, expect, test } from "bun:test";
import { createFakeClock } from "../test-support/fake-clock.ts";
import { createHarness } from "../test-support/harness.ts";
import { nextDelayMs, shouldRestart } from "./restart-policy.ts";

const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("nextDelayMs()", () => {
  test("begins at 100 ms, doubles, stops at a minute and begins again after 10 s of running", () => {
    const delays: number[] = [];
    for (let round = 0; round < 12; round++) delays.push(nextDelayMs(delays.at(-1) ?? 0, 50));
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
    expect(nextDelayMs(51_200, 10_000)).toBe(100);
    expect(nextDelayMs(51_200, 9_999)).toBe(60_000);
  });
});

describe("shouldRestart()", () => {
  test.each([
    ["no", 0, 1, 0, false, false],
    ["always", 0, 0, 0, false, true],
    ["always", 0, 0, 0, true, false],
    ["unless-stopped", 0, 1, 99, false, true],
    ["on-failure", 0, 0, 0, false, false],
    ["on-failure", 0, 1, 99, false, true],
    ["on-failure", 3, 1, 2, false, true],
    ["on-failure", 3, 1, 3, false, false],
  ] as const)(
    "%s:%d after code %d and %d restarts, stopped by hand %p: %p",
    (Name, max, exitCode, restartCount, manuallyStopped, expected) => {
      const state = { exitCode, restartCount, manuallyStopped };
      const hostConfig = { RestartPolicy: { Name, MaximumRetryCount: max } };
      expect(shouldRestart({ state, hostConfig } as Parameters<typeof shouldRestart>[0])).toBe(expected);
    },
  );
});

test("a container that fails is restarted after the delay, counts it, and is waited for to its last end", async () => {
  const clock = createFakeClock();
  const h = await createHarness({ clock });
  await h.create({ HostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 1 } } }, "flaky");
  await h.call("POST", "/containers/flaky/start");
  const waiting = h.call("POST", "/containers/flaky/wait");
  h.engine.workloads[0]?.end(1);
  await settle();
  expect((await h.call("GET", "/containers/flaky/json")).json.State).toMatchObject({
    Status: "restarting",
    Restarting: true,
    Running: true,
  });
  clock.advance(99);
  await settle();
  expect(h.engine.workloads.length).toBe(1);
  clock.advance(1);
  await settle();
  const { json } = await h.call("GET", "/containers/flaky/json");
  expect([json.State.Status, json.RestartCount]).toEqual(["running", 1]);
  h.engine.workloads[1]?.end(7);
  expect((await waiting).json).toEqual({ StatusCode: 7 });
  expect((await h.call("GET", "/containers/flaky/json")).json.State.Status).toBe("exited");
  await h.close();
});

test("stop ends a pending restart", async () => {
  const clock = createFakeClock();
  const h = await createHarness({ clock });
  await h.create({ HostConfig: { RestartPolicy: { Name: "always" } } }, "loop");
  await h.call("POST", "/containers/loop/start");
  h.engine.workloads[0]?.end(0);
  await settle();
  expect((await h.call("DELETE", "/containers/loop")).status).toBe(409);
  expect((await h.call("POST", "/containers/loop/stop")).status).toBe(204);
  clock.advance(100_000);
  await settle();
  expect(h.engine.workloads.length).toBe(1);
  expect((await h.call("GET", "/containers/loop/json")).json.State.Status).toBe("exited");
  await h.close();
});
