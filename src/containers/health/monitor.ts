/** Runs a container's healthcheck at its intervals and keeps what came of it. */
import type { Container, HealthResult, HealthState } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import type { Healthcheck } from "../schema/config.ts";
import { probe } from "./probe.ts";

const ms = (ns: number | undefined, fallbackMs: number): number => (ns ? ns / 1e6 : fallbackMs);

export type HealthTimes = {
  intervalMs: number;
  timeoutMs: number;
  startPeriodMs: number;
  startIntervalMs: number;
  retries: number;
};

export function healthTimes(check: Healthcheck): HealthTimes {
  return {
    intervalMs: ms(check.Interval, 30_000),
    timeoutMs: ms(check.Timeout, 30_000),
    startPeriodMs: ms(check.StartPeriod, 0),
    startIntervalMs: ms(check.StartInterval, 5000),
    retries: check.Retries || 3,
  };
}

export function startHealth(context: Context, container: Container): void {
  const check = container.config.Healthcheck;
  if (!check?.Test?.length || check.Test[0] === "NONE") return;
  container.state.health = { status: "starting", failingStreak: 0, log: [] };
  context.store.saveSoon(container);
  watch(context, container);
}

/** Goes on with the health known, after a start or an adoption. */
export function watch(context: Context, container: Container): void {
  const { health, startedAtMs } = container.state;
  const check = container.config.Healthcheck;
  const { workload } = container;
  if (!health || !check || !workload) return;
  const times = healthTimes(check);
  const inStartPeriod =
    times.startPeriodMs > 0 &&
    health.status === "starting" &&
    context.clock.nowMs() - startedAtMs < times.startPeriodMs;
  container.healthTimer = context.clock.after(inStartPeriod ? times.startIntervalMs : times.intervalMs, async () => {
    if (container.state.status === "running") {
      const result = await probe(context, container, check, times.timeoutMs);
      if (container.workload !== workload) return;
      const before = health.status;
      record(health, result, times, startedAtMs);
      if (health.status !== before) publish(context, container, `health_status: ${health.status}`);
      context.store.saveSoon(container);
    }
    if (container.workload === workload) watch(context, container);
  });
}

const keptResults = 5;

/** Pure: what one more result makes of the health. Failures within the start period do not count. */
export function record(health: HealthState, result: HealthResult, times: HealthTimes, startedAtMs: number): void {
  health.log.push(result);
  if (health.log.length > keptResults) health.log.shift();
  if (result.exitCode === 0) {
    health.failingStreak = 0;
    health.status = "healthy";
    return;
  }
  const inStartPeriod = health.status === "starting" && result.startMs - startedAtMs < times.startPeriodMs;
  if (inStartPeriod) return;
  health.failingStreak += 1;
  if (health.failingStreak >= times.retries) health.status = "unhealthy";
}

export function stopHealth(container: Container): void {
  container.healthTimer?.[Symbol.dispose]();
  container.healthTimer = null;
}
