/** What a failed start leaves: Docker's exit code (126, 127, 128) and texts from which its CLI tells them apart. */
import { constants } from "node:os";
import { EngineError, errorText } from "../../base/errors.ts";
import { fromHostError } from "../../base/host-error.ts";
import { dropPending } from "../attach/pending.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { removeNow } from "../remove/remove.ts";

const { ENOENT, EACCES, EISDIR, ENOTDIR, ENOEXEC } = constants.errno;

export function describeStartFailure(container: Container, cause: unknown): EngineError {
  const command = container.config.Entrypoint?.[0] ?? container.config.Cmd?.[0] ?? "";
  return describe(`Cannot start container ${container.name}`, command, cause);
}

export function describeExecFailure(command: string, cause: unknown): EngineError {
  return describe("Cannot run the command in the container", command, cause);
}

/** Failures of executing the command itself get their exit code; the rest is the engine's failure. */
function describe(what: string, command: string, cause: unknown): EngineError {
  const { step, errno } = cause instanceof EngineError ? cause.details : {};
  const made = (state: string, exitCode: number) =>
    new EngineError({
      code: "container.cannot_execute",
      kind: "invalid_argument",
      message: `${what}: exec: "${command}": ${state}`,
      hint: cause instanceof EngineError ? cause.hint : undefined,
      details: { exitCode, step, errno },
      cause,
    });
  if (step === "exec") {
    const missing = command.includes("/") ? "no such file or directory" : "executable file not found in $PATH";
    if (errno === ENOENT || errno === ENOTDIR) return made(missing, 127);
    if (errno === EACCES) return made("permission denied", 126);
    if (errno === EISDIR) return made("is a directory: permission denied", 126);
    if (errno === ENOEXEC) return made("exec format error", 126);
  }
  if (cause instanceof EngineError) return cause;
  const host = fromHostError(cause);
  return new EngineError({
    code: "container.start_failed",
    kind: host?.kind ?? "internal",
    message: `${what}: ${host?.message ?? errorText(cause)}`,
    hint: host?.hint,
    cause,
  });
}

export function recordStartFailure(context: Context, container: Container, error: EngineError): void {
  const { state } = container;
  const exitCode = error.details["exitCode"];
  state.status = state.startedAtMs === 0 ? "created" : "exited";
  state.exitCode = exitCode === 126 || exitCode === 127 ? exitCode : 128;
  state.error = error.message;
  state.pid = 0;
  state.runtime = null;
  state.ports = {};
  dropPending(container);
  if (container.hostConfig.AutoRemove) removeNow(context, container, { volumes: true });
  else context.store.save(container);
}
