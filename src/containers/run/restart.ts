/** Stops a container if it runs and starts it again. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { parseSignal } from "./signals.ts";
import { launch } from "./start.ts";
import { end, type StopOptions } from "./stop.ts";

export async function restart(context: Context, container: Container, options: StopOptions): Promise<void> {
  const signal = parseSignal(options.signal || container.config.StopSignal || "SIGTERM");
  if (container.starting) await container.starting.catch(() => undefined);
  container.restartTimer?.[Symbol.dispose]();
  container.restartTimer = null;
  // `--rm` must survive its own restart.
  const { hostConfig } = container;
  const autoRemove = hostConfig.AutoRemove;
  hostConfig.AutoRemove = false;
  try {
    if (container.workload) await end(context, container, signal, options.timeoutSec);
  } finally {
    hostConfig.AutoRemove = autoRemove;
  }
  container.state.manuallyStopped = false;
  container.restartDelayMs = 0;
  await launch(context, container);
  publish(context, container, "restart");
}
