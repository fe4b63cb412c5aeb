/**
 * `POST /hbx/v1/containers/{id}/exec`: create, start and inspect of an exec as one request, in the form of
 * `/hbx/v1/containers/run`: the body of Docker's create, an upgraded connection with Docker's multiplexed stream, and
 * frames of kind 3 with JSON, `{Id}` first and `{ExitCode}` last. What fails before the process runs is an ordinary error
 * answer.
 */
import type { ApiRequest } from "../../api/index.ts";
import { writeTo } from "../attach/attach.ts";
import { copyStreams } from "../attach/copy-streams.ts";
import { statusFrame, streamWithStatus } from "../attach/status-frame.ts";
import { invalid } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { createExec } from "./create-exec.ts";
import { exitSoon, launchExec } from "./launch-exec.ts";
import { parseExecRequest } from "./schema.ts";

export async function execOnce(context: Context, container: Container, request: ApiRequest): Promise<void> {
  const body = parseExecRequest(await request.json());
  if (body.Tty || body.Detach) {
    const how = body.Tty ? "with a terminal" : "in the background";
    throw invalid("exec_once", `Cannot exec ${how} in one request`, "create and start it one by one");
  }
  const exec = createExec(context, container, body);
  exec.started = true;
  const { AttachStdin: stdin, AttachStdout: stdout, AttachStderr: stderr } = body;
  const handle = await launchExec(context, container, exec, { stdin, stdout, stderr, mux: true });
  const client = await request.hijack(streamWithStatus);
  await writeTo(client, statusFrame({ Id: exec.id }));
  if (handle.stream) await copyStreams(client, handle.stream, { stdin, detachKeys: null, keepClientOpen: true });
  if (client.destroyed) return;
  await exitSoon(context, handle);
  client.end(statusFrame({ ExitCode: exec.exitCode ?? 0 }));
}
