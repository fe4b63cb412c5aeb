/** Removes a container. It is gone for everybody once its record is; the files go later. */
import { errorText } from "../../base/errors.ts";
import { dropPending } from "../attach/pending.ts";
import { conflict, removalInProgress } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { notify } from "../run/notify.ts";
import { cancelRestart } from "../run/restart-policy.ts";
import { end } from "../run/stop.ts";
import { discard } from "./discard.ts";

export type RemoveOptions = { force: boolean; volumes: boolean };

const sigkill = 9;

export async function remove(context: Context, container: Container, { force, volumes }: RemoveOptions): Promise<void> {
  if (container.state.status === "removing") throw removalInProgress(container.id);
  if (container.starting) await container.starting.catch(() => undefined);
  if (!force) refuseRunning(container);
  if (!context.store.all.has(container.id)) return;
  cancelRestart(container);
  if (container.workload) {
    // From here on nobody may start it again, and its own `--rm` must not race with this removal.
    const autoRemove = container.hostConfig.AutoRemove;
    container.hostConfig.AutoRemove = false;
    container.state.manuallyStopped = true;
    await end(context, container, sigkill, 10);
    if (container.workload) {
      container.hostConfig.AutoRemove = autoRemove;
      throw conflict("cannot_kill", `cannot remove container "/${container.name}": could not kill container`);
    }
  }
  // Its ports are free once the answer is out.
  if (context.releasing.size > 0) await Promise.allSettled(context.releasing);
  removeNow(context, container, { volumes });
}

function refuseRunning({ name, state, restartTimer }: Container): void {
  if (state.status === "paused") {
    throw conflict("paused", `cannot remove container "/${name}": container is paused and must be unpaused first`);
  }
  if (state.status === "running" || state.status === "restarting" || restartTimer) {
    throw conflict(
      "running",
      `cannot remove container "/${name}": container is running: stop the container before removing or force remove`,
    );
  }
}

/** For one that does not run. Also what `--rm` does after the exit, with its anonymous volumes. */
export function removeNow(context: Context, container: Container, { volumes }: { volumes: boolean }): void {
  if (!context.store.all.has(container.id)) return;
  container.state.status = "removing";
  dropPending(container);
  discard(context, container);
  if (volumes) {
    for (const point of container.mounts) if (point.anonymous) removeVolume(context, point.name);
  }
  publish(context, container, "destroy");
  const { exitCode, error } = container.state;
  notify(container.onExit, { exitCode, error });
  notify(container.onRemoved, { exitCode, error });
}

function removeVolume(context: Context, name: string): void {
  context.volumes.removeAnonymous(name).catch((error: unknown) => {
    context.logger.log("warn", "container.volume", { name, error: errorText(error) });
  });
}
