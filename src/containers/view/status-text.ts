/** The Status column: "Up 3 minutes (healthy)", "Exited (0) 5 seconds ago". */
import type { State } from "../model/container.ts";
import { humanDuration } from "./duration.ts";

export function statusText(state: State, nowMs: number): string {
  const up = () => humanDuration(nowMs - state.startedAtMs);
  const ago = () => humanDuration(nowMs - state.finishedAtMs);
  switch (state.status) {
    case "paused":
      return `Up ${up()} (Paused)`;
    case "restarting":
      return `Restarting (${state.exitCode}) ${ago()} ago`;
    case "running":
      if (!state.health) return `Up ${up()}`;
      return `Up ${up()} (${state.health.status === "starting" ? "health: starting" : state.health.status})`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
    case "created":
      return "Created";
    case "exited":
      return `Exited (${state.exitCode}) ${ago()} ago`;
  }
}
