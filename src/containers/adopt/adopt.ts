/** After the death of a daemon: finds its containers again, and does what it would have done meanwhile. */
import { readdirSync } from "node:fs";
import { errorText } from "../../base/errors.ts";
import { watch } from "../health/monitor.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerDir } from "../model/paths.ts";
import { removeNow } from "../remove/remove.ts";
import { named } from "../run/connections.ts";
import { follow, onExit } from "../run/follow.ts";
import { launch } from "../run/start.ts";

export async function adoptAll(context: Context): Promise<void> {
  context.store.load((id, error) => {
    context.logger.log("error", "container.unreadable", { id, error: errorText(error) });
  });
  sweepHalfCreated(context);
  const containers = [...context.store.all.values()];
  for (const container of containers) {
    context.images.hold(container.imageId, container.id);
    for (const point of container.mounts) if (point.type === "volume") context.volumes.hold(point.name, container.id);
  }
  await Promise.all(containers.map((container) => adopt(context, container)));
}

async function adopt(context: Context, container: Container): Promise<void> {
  const { state } = container;
  if (state.runtime !== null) {
    const adoption = await context.engine.adopt(state.runtime);
    if (adoption.state === "running") {
      container.workload = adoption.workload;
      state.runtime = adoption.workload.record;
      follow(context, container);
      watch(context, container);
      const { record, namespace } = adoption.workload;
      await context.networks.announceAgain(named(container, namespace), record.endpoints);
      return;
    }
    const lost = {
      code: 137,
      oomKilled: false,
      finishedAtNs: context.clock.nowMs() * 1e6,
      error: "nothing is known of its end",
    };
    onExit(context, container, adoption.state === "exited" ? adoption.exit : lost);
    return;
  }
  if (state.status === "exited" && container.hostConfig.AutoRemove) {
    removeNow(context, container, { volumes: true });
    return;
  }
  if (state.status === "restarting" || startsWithDaemon(container)) {
    state.status = state.startedAtMs === 0 ? "created" : "exited";
    launch(context, container).catch((error: unknown) => {
      context.logger.log("warn", "container.restart", { id: container.id, error: errorText(error) });
    });
  }
}

/** `always` comes back with the daemon though a person had stopped it; `unless-stopped` does not. */
function startsWithDaemon({ state, hostConfig }: Container): boolean {
  const { Name } = hostConfig.RestartPolicy;
  if (state.startedAtMs === 0) return false;
  return Name === "always" || (Name === "unless-stopped" && !state.manuallyStopped);
}

/** Directories without a row: the daemon died between making one and writing the other. */
function sweepHalfCreated(context: Context): void {
  for (const name of readdirSync(`${context.home}/containers`)) {
    if (!context.store.all.has(name)) context.trash.discard(containerDir(context.home, name), name);
  }
}
