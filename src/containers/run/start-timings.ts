/** Where the time of a container's last start went: the daemon's own steps in their order, then those of the core. */
import { conflict } from "../errors.ts";
import type { Container } from "../model/container.ts";

/** Microseconds by step. */
export type StartTimings = { daemon: Record<string, number>; core: Record<string, number> };

export type Stopwatch = {
  /** Books the time since the previous mark to `step`. */
  mark(step: string): void;
  readonly steps: Record<string, number>;
};

export function startStopwatch(): Stopwatch {
  const steps: Record<string, number> = {};
  let last = performance.now();
  return {
    steps,
    mark(step) {
      const now = performance.now();
      steps[step] = (steps[step] ?? 0) + Math.round((now - last) * 1000);
      last = now;
    },
  };
}

/** What `GET /hbx/v1/containers/{id}/timings` answers. */
export function startTimings({ id, timings }: Container): {
  Daemon: StartTimings["daemon"];
  Core: StartTimings["core"];
} {
  if (timings === null) {
    throw conflict("no_timings", `Cannot tell the timings of container ${id}: this daemon has not started it`);
  }
  return { Daemon: timings.daemon, Core: timings.core };
}
