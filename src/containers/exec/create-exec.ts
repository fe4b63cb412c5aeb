/** `POST /containers/{id}/exec`: remembers what to run. */
import { createObjectId } from "../../base/ids.ts";
import { parseDetachKeys } from "../attach/detach-keys.ts";
import { conflict, invalid, notRunning } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import type { Exec } from "./exec.ts";
import type { ExecRequest } from "./schema.ts";

/** Ended execs stay inspectable; old ones make room. */
const keptPerContainer = 64;

export function requireExecutable(container: Container): NonNullable<Container["workload"]> {
  const { workload, state, id } = container;
  if (state.status === "paused")
    throw conflict("paused", `container ${id} is paused, unpause the container before exec`);
  if (state.status === "restarting") {
    throw conflict("restarting", `container ${id} is restarting, wait until the container is running`);
  }
  if (!workload) throw notRunning(id);
  return workload;
}

export function createExec(context: Context, container: Container, request: ExecRequest): Exec {
  requireExecutable(container);
  if (request.WorkingDir && !request.WorkingDir.startsWith("/")) {
    throw invalid("bad_workdir", `Cannot run in ${request.WorkingDir}: it is not an absolute path`);
  }
  const id = createObjectId();
  const exec: Exec = {
    id,
    containerId: container.id,
    request,
    detachKeys: parseDetachKeys(request.DetachKeys),
    started: false,
    running: false,
    exitCode: null,
    pid: 0,
    handle: null,
    size: request.ConsoleSize,
    end(exitCode) {
      if (!exec.running) return;
      exec.running = false;
      exec.exitCode = exitCode;
      exec.handle = null;
      publish(context, container, "exec_die", { execID: id, exitCode: String(exitCode) });
    },
  };
  forgetOldest(context, container);
  container.execs.set(id, exec);
  context.execs.set(id, exec);
  publish(context, container, `exec_create: ${(request.Cmd ?? []).join(" ")}`, { execID: id });
  return exec;
}

function forgetOldest(context: Context, container: Container): void {
  if (container.execs.size < keptPerContainer) return;
  for (const [id, exec] of container.execs) {
    if (exec.running || !exec.started) continue;
    container.execs.delete(id);
    context.execs.delete(id);
    return;
  }
}
