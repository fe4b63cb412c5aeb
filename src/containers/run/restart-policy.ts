/** Restart policies with Docker's back-off: 100 ms, doubled to a minute, forgotten after 10 s of running. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { notify } from "./notify.ts";
import { launch } from "./start.ts";

const firstDelayMs = 100;
const lastDelayMs = 60_000;
const forgetAfterMs = 10_000;

export function shouldRestart({ state, hostConfig }: Pick<Container, "state" | "hostConfig">): boolean {
  if (state.manuallyStopped) return false;
  const { Name, MaximumRetryCount } = hostConfig.RestartPolicy;
  if (Name === "always" || Name === "unless-stopped") return true;
  if (Name !== "on-failure" || state.exitCode === 0) return false;
  return MaximumRetryCount === 0 || state.restartCount < MaximumRetryCount;
}

/** The next delay, given the last one and how long the container has run. */
export function nextDelayMs(lastMs: number, ranMs: number): number {
  if (lastMs === 0 || ranMs >= forgetAfterMs) return firstDelayMs;
  return Math.min(lastMs * 2, lastDelayMs);
}

export function scheduleRestart(context: Context, container: Container): void {
  const { state } = container;
  container.restartDelayMs = nextDelayMs(container.restartDelayMs, state.finishedAtMs - state.startedAtMs);
  state.status = "restarting";
  container.restartTimer = context.clock.after(container.restartDelayMs, () => {
    container.restartTimer = null;
    state.restartCount += 1;
    launch(context, container).catch((error: unknown) => {
      context.logger.log("warn", "container.restart", { id: container.id, error: String(error) });
      if (!context.closing && retryAfterFailure(container)) scheduleRestart(context, container);
      else notify(container.onExit, { exitCode: state.exitCode, error: state.error });
    });
  });
}

/** A start that failed counts as an exit, unless the container is gone or its command can never run. */
function retryAfterFailure(container: Container): boolean {
  return (
    container.state.status !== "removing" &&
    container.state.exitCode !== 127 &&
    container.state.exitCode !== 126 &&
    shouldRestart(container)
  );
}

/** Ends a pending restart; the container is then simply exited. */
export function cancelRestart(container: Container): boolean {
  if (!container.restartTimer) return false;
  container.restartTimer[Symbol.dispose]();
  container.restartTimer = null;
  const { state } = container;
  state.status = "exited";
  notify(container.onExit, { exitCode: state.exitCode, error: state.error });
  return true;
}
