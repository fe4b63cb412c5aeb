/** `POST /exec/{id}/start`: runs it, detached or with the connection as its stdio. */
import type { Duplex } from "node:stream";
import type { ApiRequest } from "../../api/index.ts";
import { EngineError, errorText } from "../../base/errors.ts";
import type { AttachOptions, ExecHandle } from "../../engines/index.ts";
import { copyStreams } from "../attach/copy-streams.ts";
import { frame, streamType } from "../attach/stream-type.ts";
import { conflict, noSuchExec } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { execEnv, securitySpec, ulimits } from "../run/process-spec.ts";
import { describeExecFailure } from "../run/start-failure.ts";
import { requireExecutable } from "./create-exec.ts";
import type { Exec } from "./exec.ts";
import { parseExecStart } from "./schema.ts";

export async function startExec(context: Context, id: string, request: ApiRequest): Promise<void> {
  const { Detach, ConsoleSize } = parseExecStart(await request.json());
  const exec = context.execs.get(id);
  const container = exec && context.store.all.get(exec.containerId);
  if (!exec || !container) throw noSuchExec(id);
  if (exec.running) throw conflict("exec_running", `exec ${id} is already running`);
  if (exec.started) throw conflict("exec_ended", `exec ${id} has already run`);
  requireExecutable(container);
  exec.started = true;
  exec.size = ConsoleSize ?? exec.size;
  if (Detach) {
    await launch(context, container, exec, null);
    return request.sendEmpty(200);
  }
  const { Tty, AttachStdin, AttachStdout, AttachStderr } = exec.request;
  const client = await request.hijack(streamType(request.version, Tty));
  const options: AttachOptions = { stdin: AttachStdin, stdout: AttachStdout, stderr: AttachStderr, mux: !Tty };
  let handle: ExecHandle;
  try {
    handle = await launch(context, container, exec, options, client);
  } catch (error) {
    // The head has gone out, so that the text is all there is; the exit code is read from inspect.
    const text = Buffer.from(`${errorText(error)}\r\n`);
    client.end(Tty ? text : frame(2, text));
    return;
  }
  if (!handle.stream) return void client.end();
  let detached = false;
  await copyStreams(client, handle.stream, {
    stdin: AttachStdin,
    detachKeys: Tty ? exec.detachKeys : null,
    keepClientOpen: true,
    onDetach() {
      detached = true;
      publish(context, container, "exec_detach", { execID: id });
    },
  });
  // Clients ask for the exit code as soon as the stream ends, and the exit arrives by another connection.
  if (!detached && !client.destroyed) await Promise.race([handle.exited, patience(context)]);
  client.end();
}

/** A process that lives on with its output closed must not hold the client for ever. */
function patience({ clock }: Context): Promise<void> {
  return new Promise((resolve) => void clock.after(exitPatienceMs, resolve));
}

const exitPatienceMs = 2000;

async function launch(
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
