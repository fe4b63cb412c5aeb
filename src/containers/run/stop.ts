/** Stops a container: its stop signal, a time to comply, then SIGKILL. */

import { notModified } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { sendSignal } from "./kill.ts";
import { cancelRestart } from "./restart-policy.ts";
import { parseSignal } from "./signals.ts";
import { exitOf } from "./wait.ts";

export type StopOptions = { signal?: string | undefined; timeoutSec?: number | undefined };

const sigkill = 9;
/** A killed container that is still there after this long is stuck in the kernel. */
const killWaitMs = 10_000;

export async function stop(context: Context, container: Container, options: StopOptions): Promise<void> {
  if (container.starting) await container.starting.catch(() => undefined);
  const signal = options.signal ? parseSignal(options.signal) : parseSignal(container.config.StopSignal || "SIGTERM");
  if (container.state.status === "restarting" || container.restartTimer) {
    container.state.manuallyStopped = true;
    cancelRestart(container);
    context.store.saveSoon(container);
    publish(context, container, "stop");
    return;
  }
  if (!container.workload) throw notModified();
  await end(context, container, signal, options.timeoutSec);
  publish(context, container, "stop");
}

/** The signal, the wait and the kill, without the event of a stop; also what a restart begins with. */
export async function end(context: Context, container: Container, signal: number, timeoutSec?: number): Promise<void> {
  const exited = exitOf(container);
  const seconds = timeoutSec ?? container.config.StopTimeout ?? context.defaults.stopTimeoutSec;
  container.state.manuallyStopped = true;
  await sendSignal(context, container, signal);
  if (await within(context, exited, seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1000)) return;
  await sendSignal(context, container, sigkill);
  if (!(await within(context, exited, killWaitMs))) {
    context.logger.log("error", "container.stop", { id: container.id, state: "still there after SIGKILL" });
  }
}

async function within(context: Context, exited: Promise<unknown>, limitMs: number): Promise<boolean> {
  if (limitMs === Number.POSITIVE_INFINITY) return exited.then(() => true);
  let timer: Disposable | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = context.clock.after(limitMs, () => resolve(false));
  });
  const done = await Promise.race([exited.then(() => true), late]);
  timer?.[Symbol.dispose]();
  return done;
}
