/** Sends a signal to a container's init. */
import { conflict } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { cancelRestart } from "./restart-policy.ts";
import { parseSignal } from "./signals.ts";
import { exitOf } from "./wait.ts";

const sigkill = 9;

export async function kill(context: Context, container: Container, signal: string | undefined): Promise<void> {
  const signo = parseSignal(signal || "SIGKILL");
  if (container.starting) await container.starting.catch(() => undefined);
  if (container.state.status === "restarting" && cancelRestart(container)) {
    container.state.manuallyStopped = true;
    return context.store.saveSoon(container);
  }
  if (!container.workload) {
    throw conflict("not_running", `cannot kill container: ${container.id}: container ${container.id} is not running`);
  }
  if (signo === sigkill || signo === parseSignal(container.config.StopSignal || "SIGTERM"))
    container.state.manuallyStopped = true;
  const exited = exitOf(container);
  await sendSignal(context, container, signo);
  if (signo === sigkill) await exited;
}

/** The event and the signal; a paused container is let go on, or it could not end. */
export async function sendSignal(context: Context, container: Container, signo: number): Promise<void> {
  const { workload, state } = container;
  if (!workload) return;
  publish(context, container, "kill", { signal: String(signo) });
  await workload.signal(signo).catch((error: unknown) => {
    // It may have ended in between, which is what was wanted.
    if (container.workload === workload) throw error;
  });
  if (state.status === "paused" && container.workload === workload) {
    await workload.resume();
    state.status = "running";
  }
}
