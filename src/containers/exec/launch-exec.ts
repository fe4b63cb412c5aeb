/** Runs what an exec remembers, with or without somebody at its stdio, and waits for its end. */
import type { Duplex } from "node:stream";
import { EngineError } from "../../base/errors.ts";
import type { AttachOptions, ExecHandle } from "../../engines/index.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { execEnv, securitySpec, ulimits } from "../run/process-spec.ts";
import { describeExecFailure } from "../run/start-failure.ts";
import { requireExecutable } from "./create-exec.ts";
import type { Exec } from "./exec.ts";

const exitPatienceMs = 2000;

/** With `output`, the core writes straight into that socket. */
export async function launchExec(
  context: Context,
  container: Container,
  exec: Exec,
  attach: AttachOptions | null,
  output?: Duplex,
): Promise<ExecHandle> {
  const { request } = exec;
  const args = request.Cmd ?? [];
  publish(context, container, `exec_start: ${args.join(" ")}`, { execID: exec.id });
  exec.running = true;
  try {
    const process = context.planProcess(
      {
        args,
        env: execEnv(container, request.Env ?? [], request.Tty),
        cwd: request.WorkingDir || container.config.WorkingDir || "/",
        user: request.User || container.config.User,
        groups: container.hostConfig.GroupAdd ?? [],
      },
      securitySpec(container, request.Privileged || container.hostConfig.Privileged),
      ulimits(container),
    );
    const sizeBefore = exec.size;
    const { rows, cols } = sizeBefore ?? { rows: 0, cols: 0 };
    const stdio = {
      tty: request.Tty,
      rows,
      cols,
      openStdin: request.AttachStdin,
      stdinOnce: request.AttachStdin && !request.Tty,
    };
    const handle = await requireExecutable(container).exec(exec.id, process, stdio, attach, output);
    exec.handle = handle;
    exec.pid = handle.pid;
    void handle.exited.then((code) => exec.end(code));
    // The client was answered before the process was there, and may have asked for a size meanwhile.
    if (exec.size && exec.size !== sizeBefore) await handle.resize(exec.size).catch(() => undefined);
    return handle;
  } catch (cause) {
    const error = describeExecFailure(args[0] ?? "", cause);
    const code = error instanceof EngineError ? error.details["exitCode"] : undefined;
    exec.end(typeof code === "number" ? code : 126);
    throw error;
  }
}

/**
 * Clients ask for the exit code as soon as the stream ends, and the exit arrives by another connection. A process that
 * lives on with its output closed must not hold the client for ever.
 */
export async function exitSoon({ clock }: Context, handle: ExecHandle): Promise<void> {
  let timer: Disposable | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = clock.after(exitPatienceMs, resolve);
  });
  await Promise.race([handle.exited, patience]);
  timer?.[Symbol.dispose]();
}
