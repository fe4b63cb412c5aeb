/** `POST /containers/{id}/attach`: what was logged, if asked, then the live streams. */
import type { Duplex } from "node:stream";
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import type { AttachOptions } from "../../engines/index.ts";
import { conflict } from "../errors.ts";
import { copyLogs } from "../logs/copy-logs.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { copyStreams } from "./copy-streams.ts";
import { parseDetachKeys } from "./detach-keys.ts";
import { streamType } from "./stream-type.ts";

export async function attach(context: Context, container: Container, request: ApiRequest): Promise<void> {
  const { query } = request;
  const { config, state } = container;
  if (state.status === "paused") {
    throw conflict("paused", `container ${container.id} is paused, unpause the container before attach`);
  }
  if (state.status === "restarting") {
    throw conflict("restarting", `container ${container.id} is restarting, wait until the container is running`);
  }
  const keys = parseDetachKeys(query.get("detachKeys"));
  const options: AttachOptions = {
    stdin: boolQuery(query, "stdin") && config.OpenStdin,
    stdout: boolQuery(query, "stdout"),
    stderr: boolQuery(query, "stderr"),
    mux: !config.Tty,
  };
  const client = await request.hijack(streamType(request.version, config.Tty));
  publish(context, container, "attach");
  if (boolQuery(query, "logs")) {
    const write = (bytes: Uint8Array) => writeTo(client, bytes);
    await copyLogs(context, container, { stdout: options.stdout, stderr: options.stderr }, write, request.signal);
  }
  if (!boolQuery(query, "stream")) return void client.end();
  const copy = {
    stdin: options.stdin,
    detachKeys: config.Tty ? keys : null,
    onDetach: () => publish(context, container, "detach"),
  };
  if (container.starting) await container.starting.catch(() => undefined);
  if (container.workload) {
    const stream = await container.workload.attach(options, client).catch(() => null);
    if (!stream) return void client.end();
    return copyStreams(client, stream, copy);
  }
  if (!context.store.all.has(container.id)) return void client.end();
  return queue(container, client, options, copy);
}

/** Waits for the start. Resolves when the client is served or gone. */
function queue(
  container: Container,
  client: Duplex,
  options: AttachOptions,
  copy: Parameters<typeof copyStreams>[2],
): Promise<void> {
  return new Promise((resolve) => {
    const pending = {
      options,
      client,
      connect(stream: Duplex) {
        client.off("close", leave);
        void copyStreams(client, stream, copy).then(resolve);
      },
      drop() {
        client.off("close", leave);
        client.end();
        resolve();
      },
    };
    const leave = () => {
      container.pendingAttaches.delete(pending);
      resolve();
    };
    client.once("close", leave);
    client.once("error", () => client.destroy());
    container.pendingAttaches.add(pending);
  });
}

export function writeTo(client: Duplex, bytes: Uint8Array): Promise<void> {
  if (client.destroyed || client.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      client.off("drain", done);
      client.off("close", done);
      resolve();
    };
    client.once("drain", done);
    client.once("close", done);
  });
}
