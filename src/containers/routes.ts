/** The endpoints of containers and execs. */
import { type ApiRequest, boolQuery, intQuery, type Method, type Route, refusedRoute } from "../api/index.ts";
import { copyIn, copyOut, statPath } from "./archive/archive.ts";
import { changes } from "./archive/changes.ts";
import { exportContainer } from "./archive/export.ts";
import { attach } from "./attach/attach.ts";
import { parseDetachKeys } from "./attach/detach-keys.ts";
import { streamType } from "./attach/stream-type.ts";
import { rename } from "./change/rename.ts";
import { parseSize, resize } from "./change/resize.ts";
import { update } from "./change/update.ts";
import { create } from "./create/create.ts";
import { warnings } from "./create/warnings.ts";
import { invalid, noWebsocket, unsupportedOption } from "./errors.ts";
import { createExec } from "./exec/create-exec.ts";
import { execOnce } from "./exec/exec-once.ts";
import { findExec, inspectExec } from "./exec/inspect-exec.ts";
import { resizeExec } from "./exec/resize-exec.ts";
import { parseExecRequest } from "./exec/schema.ts";
import { startExec } from "./exec/start-exec.ts";
import { copyLogs, requireLogs } from "./logs/copy-logs.ts";
import { parseLogQuery } from "./logs/parse-log-query.ts";
import type { Container } from "./model/container.ts";
import type { Context } from "./model/context.ts";
import { prune } from "./remove/prune.ts";
import { remove } from "./remove/remove.ts";
import { kill } from "./run/kill.ts";
import { pause, unpause } from "./run/pause.ts";
import { resources } from "./run/resources.ts";
import { restart } from "./run/restart.ts";
import { runOnce } from "./run/run-once.ts";
import { start } from "./run/start.ts";
import { startTimings } from "./run/start-timings.ts";
import { stop } from "./run/stop.ts";
import { parseWaitCondition, wait } from "./run/wait.ts";
import { parseCreateRequest } from "./schema/create-request.ts";
import { parseUpdate } from "./schema/parse-update.ts";
import { stats } from "./stats/stats.ts";
import { top } from "./stats/top.ts";
import { inspect } from "./view/inspect.ts";
import { list } from "./view/list.ts";
import { measure } from "./view/measure.ts";

type Verb = (container: Container, request: ApiRequest) => Promise<void> | void;

export function containerRoutes(context: Context): Route[] {
  const route = (method: Method, path: string, handle: Route["handle"]): Route => ({ method, path, handle });
  const one = (method: Method, path: string, verb: Verb): Route =>
    route(method, `/containers/{id}${path}`, (request) =>
      verb(context.store.find(request.params["id"] ?? ""), request),
    );
  const empty = (path: string, verb: (container: Container, query: URLSearchParams) => Promise<void> | void): Route =>
    one("POST", path, async (container, request) => {
      await verb(container, request.query);
      request.sendEmpty(204);
    });
  return [
    route("POST", "/containers/create", async (request) => {
      const body = parseCreateRequest(await request.json());
      const options = { name: request.query.get("name"), platform: request.query.get("platform") || undefined };
      const container = await create(context, body, options);
      request.sendJson(201, { Id: container.id, Warnings: warnings(context, body, container) });
    }),
    route("POST", "/hbx/v1/containers/run", (request) => runOnce(context, request)),
    route("GET", "/containers/json", async (request) => request.sendJson(200, await list(context, request.query))),
    route("POST", "/containers/prune", async (request) => request.sendJson(200, await prune(context, request.query))),
    one("GET", "/json", async (container, request) => {
      const sizes = boolQuery(request.query, "size") ? await measure(context, container) : null;
      request.sendJson(200, inspect(context, container, sizes));
    }),
    route("GET", "/hbx/v1/containers/{id}/timings", (request) =>
      request.sendJson(200, startTimings(context.store.find(request.params["id"] ?? ""))),
    ),
    one("GET", "/top", async (container, request) =>
      request.sendJson(200, await top(context, container, request.query.get("ps_args"))),
    ),
    route("GET", "/containers/{id}/logs", (request) => logs(context, request)),
    one("GET", "/changes", async (container, request) =>
      request.sendJson(200, await changes(context, container, request.signal)),
    ),
    one("GET", "/export", (container, request) => exportContainer(context, container, request)),
    one("GET", "/stats", (container, request) => stats(context, container, request)),
    route("POST", "/containers/{id}/resize", async (request) => {
      const size = parseSize(request.query);
      await resize(context, context.store.find(request.params["id"] ?? ""), size);
      request.sendEmpty(200);
    }),
    empty("/start", (container, query) => {
      parseDetachKeys(query.get("detachKeys"));
      refuseCheckpoint(query);
      return start(context, container);
    }),
    empty("/stop", (container, query) => stop(context, container, stopOptions(query))),
    empty("/restart", (container, query) => restart(context, container, stopOptions(query))),
    empty("/kill", (container, query) => kill(context, container, query.get("signal") ?? undefined)),
    empty("/rename", (container, query) => rename(context, container, query.get("name"))),
    empty("/pause", (container) => pause(context, container)),
    empty("/unpause", (container) => unpause(context, container)),
    one("POST", "/update", async (container, request) => {
      await update(context, container, parseUpdate(await request.json()));
      const said = context.engine.warnings(resources(container.hostConfig), { privileged: false, capAdd: [] });
      request.sendJson(200, { Warnings: said.length > 0 ? said : null });
    }),
    one("POST", "/attach", (container, request) => attach(context, container, request)),
    refusedRoute("GET", "/containers/{id}/attach/ws", noWebsocket(), false),
    one("POST", "/wait", async (container, request) => {
      const waiting = wait(container, parseWaitCondition(request.query.get("condition")), request.signal);
      // The head says that the wait is in place; clients start the container only then.
      const sink = request.stream(200, "application/json");
      sink.flush();
      const result = await waiting.catch(() => null);
      if (result) await sink.write(`${JSON.stringify({ StatusCode: result.exitCode })}\n`);
      await sink.end();
    }),
    one("GET", "/archive", (container, request) => copyOut(context, container, request)),
    one("HEAD", "/archive", (container, request) => statPath(context, container, request)),
    one("PUT", "/archive", (container, request) => copyIn(context, container, request)),
    route("POST", "/containers/{id}/exec", async (request) => {
      const wanted = parseExecRequest(await request.json());
      const exec = createExec(context, context.store.find(request.params["id"] ?? ""), wanted);
      request.sendJson(201, { Id: exec.id });
    }),
    route("DELETE", "/containers/{id}", async (request) => {
      const { query } = request;
      if (boolQuery(query, "link"))
        throw invalid("no_links", "Cannot remove a link: this engine has no links", "leave out link=1");
      const options = { force: boolQuery(query, "force"), volumes: boolQuery(query, "v") };
      await remove(context, context.store.find(request.params["id"] ?? ""), options);
      request.sendEmpty(204);
    }),
    route("POST", "/hbx/v1/containers/{id}/exec", (request) =>
      execOnce(context, context.store.find(request.params["id"] ?? ""), request),
    ),
    route("POST", "/exec/{id}/start", (request) => startExec(context, request.params["id"] ?? "", request)),
    route("POST", "/exec/{id}/resize", async (request) => {
      const size = parseSize(request.query);
      await resizeExec(findExec(context, request.params["id"] ?? ""), size);
      request.sendEmpty(200);
    }),
    route("GET", "/exec/{id}/json", (request) => {
      request.sendJson(200, inspectExec(findExec(context, request.params["id"] ?? "")));
    }),
  ];
}

function stopOptions(query: URLSearchParams): { signal: string | undefined; timeoutSec: number | undefined } {
  return { signal: query.get("signal") ?? undefined, timeoutSec: intQuery(query, "t") };
}

function refuseCheckpoint(query: URLSearchParams): void {
  if (query.get("checkpoint") || query.get("checkpoint-dir")) {
    throw unsupportedOption("no_checkpoint", "Cannot start from a checkpoint: the native engine has none");
  }
}

async function logs(context: Context, request: ApiRequest): Promise<void> {
  const options = parseLogQuery(request.query);
  const container = context.store.find(request.params["id"] ?? "");
  requireLogs(context, container);
  const sink = request.stream(200, streamType(request.version, container.config.Tty));
  sink.flush();
  await copyLogs(context, container, options, (bytes) => sink.write(bytes), request.signal);
  await sink.end();
}
