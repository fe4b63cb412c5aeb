/**
 * `POST /hbx/v1/containers/run`: create, attach, start and wait as one request. Docker's API needs four round trips over
 * three connections for it, which a command line pays for at every run.
 *
 * The answer is Docker's multiplexed stream with one kind of frame more: kind 3 holds JSON, `{Id, Warnings}` first and
 * `{StatusCode, Error}` last. What fails before the process runs is an ordinary error answer.
 */
import type { Duplex } from "node:stream";
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import { writeTo } from "../attach/attach.ts";
import { copyStreams } from "../attach/copy-streams.ts";
import { statusFrame, streamWithStatus } from "../attach/status-frame.ts";
import { create } from "../create/create.ts";
import { warnings } from "../create/warnings.ts";
import { invalid } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { parseCreateRequest } from "../schema/create-request.ts";
import { start } from "./start.ts";
import { wait } from "./wait.ts";

const neverAborted = new AbortController().signal;

export async function runOnce(context: Context, request: ApiRequest): Promise<void> {
  const { query } = request;
  const body = parseCreateRequest(await request.json());
  if (body.config.Tty) {
    throw invalid("run_tty", "Cannot run with a terminal in one request", "create, attach and start one by one");
  }
  const container = await create(context, body, {
    name: query.get("name"),
    platform: query.get("platform") || undefined,
  });
  const told = warnings(context, body, container);
  const stdin = boolQuery(query, "stdin") && container.config.OpenStdin;
  const connected = queueAttach(container, {
    stdin,
    stdout: boolQuery(query, "stdout"),
    stderr: boolQuery(query, "stderr"),
  });
  const ended = wait(container, container.hostConfig.AutoRemove ? "removed" : "next-exit", neverAborted);
  publish(context, container, "attach");
  await start(context, container);
  const stream = await connected;

  const client = await request.hijack(streamWithStatus);
  await writeTo(client, statusFrame({ Id: container.id, Warnings: told }));
  if (stream) await copyOutput(client, stream, stdin);
  const { exitCode, error } = await ended;
  if (!client.destroyed)
    client.end(statusFrame({ StatusCode: exitCode, Error: error === "" ? null : { Message: error } }));
}

/** Resolves with the container's side once the start connects it, with null when that never comes. */
function queueAttach(
  container: Container,
  streams: { stdin: boolean; stdout: boolean; stderr: boolean },
): Promise<Duplex | null> {
  return new Promise((resolve) => {
    container.pendingAttaches.add({ options: { ...streams, mux: true }, connect: resolve, drop: () => resolve(null) });
  });
}

/** To the end of the output; the client stays open for the status that follows. */
function copyOutput(client: Duplex, stream: Duplex, stdin: boolean): Promise<void> {
  return copyStreams(client, stream, { stdin, detachKeys: null, keepClientOpen: true });
}
