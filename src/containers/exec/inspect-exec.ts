/** `GET /exec/{id}/json`. */
import { noSuchExec } from "../errors.ts";
import type { Context } from "../model/context.ts";
import type { Exec } from "./exec.ts";

export function findExec(context: Context, id: string): Exec {
  const exec = context.execs.get(id);
  if (!exec) throw noSuchExec(id);
  return exec;
}

export function inspectExec(exec: Exec): Record<string, unknown> {
  const { request } = exec;
  const [entrypoint = "", ...rest] = request.Cmd ?? [];
  return {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode,
    ProcessConfig: {
      tty: request.Tty,
      entrypoint,
      arguments: rest,
      privileged: request.Privileged,
      ...(request.User ? { user: request.User } : {}),
    },
    OpenStdin: request.AttachStdin,
    OpenStderr: request.AttachStderr,
    OpenStdout: request.AttachStdout,
    CanRemove: exec.started && !exec.running,
    ContainerID: exec.containerId,
    DetachKeys: request.DetachKeys,
    Pid: exec.pid,
  };
}
