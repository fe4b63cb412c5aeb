/** `POST /exec/{id}/start`: runs it, detached or with the connection as its stdio. */
import type { ApiRequest } from "../../api/index.ts";
import { errorText } from "../../base/errors.ts";
import { headTaken } from "../../base/head-taken.ts";
import type { AttachOptions, ExecHandle } from "../../engines/index.ts";
import { copyStreams } from "../attach/copy-streams.ts";
import { frame, streamType } from "../attach/stream-type.ts";
import { conflict, noSuchExec } from "../errors.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { requireExecutable } from "./create-exec.ts";
import { exitSoon, launchExec } from "./launch-exec.ts";
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
    await launchExec(context, container, exec, null);
    return request.sendEmpty(200);
  }
  const { Tty, AttachStdin, AttachStdout, AttachStderr } = exec.request;
  const client = await request.hijack(streamType(request.version, Tty));
  await headTaken(client);
  const options: AttachOptions = { stdin: AttachStdin, stdout: AttachStdout, stderr: AttachStderr, mux: !Tty };
  let handle: ExecHandle;
  try {
    handle = await launchExec(context, container, exec, options, client);
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
  if (!detached && !client.destroyed) await exitSoon(context, handle);
  client.end();
}
