import { describe, expect, test } from "bun:test";
import type { HealthState } from "../model/container.ts";
import { createFakeClock } from "../test-support/fake-clock.ts";
import { createHarness } from "../test-support/harness.ts";
import { healthTimes, record } from "./monitor.ts";

const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe("record()", () => {
  const times = healthTimes({ Retries: 2, StartPeriod: 1e9 });
  const fresh = (): HealthState => ({ status: "starting", failingStreak: 0, log: [] });
  const result = (exitCode: number, startMs = 5000) => ({ startMs, endMs: startMs, exitCode, output: "" });

  test("failures in the start period do not count, a success ends it", () => {
    const health = fresh();
    record(health, result(1, 500), times, 0);
    expect(health).toMatchObject({ status: "starting", failingStreak: 0 });
    record(health, result(0, 600), times, 0);
    record(health, result(1, 700), times, 0);
    expect(health).toMatchObject({ status: "healthy", failingStreak: 1 });
  });

  test("as many failures as retries make it unhealthy, one success heals it, five results are kept", () => {
    const health = fresh();
    for (let round = 0; round < 7; round++) record(health, result(1), times, 0);
    expect(health).toMatchObject({ status: "unhealthy", failingStreak: 7 });
    expect(health.log.length).toBe(5);
    record(health, result(0), times, 0);
    expect(health).toMatchObject({ status: "healthy", failingStreak: 0 });
  });
});

test("a healthcheck runs at its interval, and its changes are told", async () => {
  const clock = createFakeClock();
  const h = await createHarness({ clock });
  const Healthcheck = { Test: ["CMD-SHELL", "check me"], Interval: 2e9, Timeout: 1e9, Retries: 1 };
  await h.create({ Healthcheck }, "sick");
  await h.call("POST", "/containers/sick/start");
  const health = async () => (await h.call("GET", "/containers/sick/json")).json.State.Health;
  expect((await health()).Status).toBe("starting");
  clock.advance(2000);
  await settle();
  expect(h.engine.execs[0]?.process.args).toEqual(["/bin/sh", "-c", "check me"]);
  h.engine.execs[0]?.output.write("fine");
  h.engine.execs[0]?.end(0);
  await settle();
  expect(await health()).toMatchObject({ Status: "healthy", Log: [{ ExitCode: 0, Output: "fine" }] });
  clock.advance(2000);
  await settle();
  h.engine.execs[1]?.end(1);
  await settle();
  expect((await health()).Status).toBe("unhealthy");
  expect(h.actions().filter((action) => action.startsWith("health_status"))).toEqual([
    "health_status: healthy",
    "health_status: unhealthy",
  ]);
  await h.call("POST", "/containers/sick/kill");
  clock.advance(10_000);
  await settle();
  expect(h.engine.execs.length).toBe(2);
  await h.close();
});
