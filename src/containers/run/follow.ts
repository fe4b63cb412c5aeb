/** Watches a running container to its end, and does what comes after: record, tell, restart or remove. */
import type { Exit } from "../../engines/index.ts";
import { stopHealth } from "../health/monitor.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { removeNow } from "../remove/remove.ts";
import { notify } from "./notify.ts";
import { scheduleRestart, shouldRestart } from "./restart-policy.ts";

export function follow(context: Context, container: Container): void {
  const { workload } = container;
  if (!workload) return;
  workload.onOom(() => {
    container.state.oomKilled = true;
    publish(context, container, "oom");
  });
  void workload.exited.then((exit) => {
    // Once the daemon goes, its connections end and say nothing of the container: the next daemon adopts it.
    if (container.workload === workload && !context.closing) onExit(context, container, exit);
  });
}

/** The container's init has ended (now, or while there was no daemon). */
export function onExit(context: Context, container: Container, exit: Exit): void {
  const { state } = container;
  container.workload = null;
  context.networks.withdraw(container.id, state.runtime?.endpoints ?? []);
  stopHealth(container);
  state.status = "exited";
  state.pid = 0;
  state.runtime = null;
  state.exitCode = exit.code;
  state.error = exit.error ?? "";
  state.oomKilled ||= exit.oomKilled;
  state.finishedAtMs = Number(BigInt(exit.finishedAtNs) / 1_000_000n);
  if (Object.keys(state.ports).length > 0) releasePorts(context, container);
  publish(context, container, "die", {
    exitCode: String(exit.code),
    execDuration: String(Math.max(0, Math.floor((state.finishedAtMs - state.startedAtMs) / 1000))),
  });
  for (const exec of container.execs.values()) if (exec.running) exec.end(137);
  const restart = shouldRestart(container);
  if (restart) scheduleRestart(context, container);
  const result = { exitCode: exit.code, error: state.error };
  // While a restart is pending the container counts as running, so that those who wait for its end wait on.
  if (!restart) notify(container.onExit, result);
  if (!restart && container.hostConfig.AutoRemove) removeNow(context, container, { volumes: true });
  else context.store.saveSoon(container);
}

function releasePorts(context: Context, container: Container): void {
  container.state.ports = {};
  const released = context.networks
    .unpublish(container.id)
    .catch((error: unknown) => {
      context.logger.log("error", "container.unpublish", { id: container.id, error: String(error) });
    })
    .finally(() => context.releasing.delete(released));
  context.releasing.add(released);
}
