import { describe, expect, test } from "bun:test";
import { createState, type State } from "../model/container.ts";
import { humanDuration } from "./duration.ts";
import { statusText } from "./status-text.ts";

const now = 1_700_000_000_000;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe("humanDuration()", () => {
  test.each([
    [0, "Less than a second"],
    [999, "Less than a second"],
    [second, "1 second"],
    [59 * second, "59 seconds"],
    [minute, "About a minute"],
    [119 * second, "About a minute"],
    [2 * minute, "2 minutes"],
    [hour, "About an hour"],
    [2 * hour, "2 hours"],
    [47 * hour, "47 hours"],
    [48 * hour, "2 days"],
    [13 * day, "13 days"],
    [14 * day, "2 weeks"],
    [60 * day, "2 months"],
    [729 * day, "24 months"],
    [730 * day, "2 years"],
  ])("%d ms: %s", (ms, expected) => expect(humanDuration(ms)).toBe(expected));
});

describe("statusText()", () => {
  const health = (status: "starting" | "healthy" | "unhealthy") => ({ status, failingStreak: 0, log: [] });
  test.each<[Partial<State>, string]>([
    [{ status: "created" }, "Created"],
    [{ status: "running", startedAtMs: now - 3 * minute }, "Up 3 minutes"],
    [{ status: "running", startedAtMs: now - 3 * minute, health: health("healthy") }, "Up 3 minutes (healthy)"],
    [
      { status: "running", startedAtMs: now - minute, health: health("starting") },
      "Up About a minute (health: starting)",
    ],
    [{ status: "paused", startedAtMs: now - hour }, "Up About an hour (Paused)"],
    [{ status: "exited", finishedAtMs: now - 5 * second }, "Exited (0) 5 seconds ago"],
    [{ status: "restarting", exitCode: 1, finishedAtMs: now - 2 * second }, "Restarting (1) 2 seconds ago"],
    [{ status: "removing" }, "Removal In Progress"],
    [{ status: "dead" }, "Dead"],
  ])("%j: %s", (state, expected) => expect(statusText({ ...createState(), ...state }, now)).toBe(expected));
});
