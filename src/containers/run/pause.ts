/** Freezes and thaws a container's processes. */
import { EngineError } from "../../base/errors.ts";
import { conflict, notRunning } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";

export async function pause(context: Context, container: Container): Promise<void> {
  const { state, workload } = container;
  if (state.status === "restarting") {
    throw conflict("restarting", `Container ${container.id} is restarting, wait until the container is running`);
  }
  if (!workload) throw notRunning(container.id);
  if (state.status === "paused") throw conflict("paused", `Container ${container.id} is already paused`);
  await workload.pause();
  if (container.workload !== workload) return;
  state.status = "paused";
  context.store.save(container);
  publish(context, container, "pause");
}

export async function unpause(context: Context, container: Container): Promise<void> {
  const { state, workload } = container;
  if (!workload || state.status !== "paused") {
    // Docker answers 500 here, and clients look at the text.
    throw new EngineError({
      kind: "internal",
      code: "container.not_paused",
      message: `Container ${container.id} is not paused`,
    });
  }
  await workload.resume();
  if (container.workload !== workload) return;
  state.status = "running";
  context.store.save(container);
  publish(context, container, "unpause");
}
