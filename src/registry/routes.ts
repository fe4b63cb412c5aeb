/** Endpoints about registry servers, beside Docker's. The registry itself is spoken to on its own address. */
import { type ApiRequest, boolQuery, type Route } from "../api/index.ts";
import { invalidArgument } from "../base/errors.ts";
import { parseGoDuration } from "../base/timestamp.ts";
import type { Registry } from "./registry.ts";
import type { PruneBody, RequestLineBody, SearchBody } from "./schema.ts";
import { parseQuery } from "./search/parse-query.ts";
import type { RequestLine } from "./wire/handle.ts";
import { maxPage } from "./wire/page.ts";
import { searchBody } from "./wire/search.ts";

export function registryRoutes(registry: Registry): Route[] {
  return [
    {
      method: "GET",
      path: "/hbx/v1/registry/servers",
      handle: ({ sendJson }) => sendJson(200, registry.servers()),
    },
    { method: "POST", path: "/hbx/v1/registry/servers", handle: (request) => handleServe(registry, request) },
    {
      method: "DELETE",
      path: "/hbx/v1/registry/servers/{address}",
      async handle({ params, sendEmpty }) {
        await registry.stop(params.address ?? "");
        sendEmpty(204);
      },
    },
    { method: "GET", path: "/hbx/v1/registry/search", handle: (request) => handleSearch(registry, request) },
    { method: "POST", path: "/hbx/v1/registry/prune", handle: (request) => handlePrune(registry, request) },
  ];
}

/** With `attach`, the server ends when the client goes; until then a line for each request it answered comes. */
async function handleServe(registry: Registry, request: ApiRequest): Promise<void> {
  const body = await request.json();
  if (!boolQuery(request.query, "attach")) {
    request.sendJson(201, (await registry.serve(body, { keep: true })).body);
    return;
  }
  const lines = createLineQueue();
  const serving = await registry.serve(body, { keep: false, onRequest: lines.add });
  try {
    const sink = request.stream(200, "application/json");
    await sink.write(`${JSON.stringify(serving.body)}\n`);
    const gone = new Promise<void>((resolve) => {
      if (request.signal.aborted) resolve();
      request.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    for await (const line of lines.until(Promise.race([gone, serving.ended])))
      await sink.write(`${JSON.stringify(line)}\n`);
    await sink.end();
  } finally {
    await serving.stop();
  }
}

/** A client that does not read its lines loses the newest. */
const maxWaiting = 1000;

function createLineQueue() {
  const waiting: RequestLineBody[] = [];
  let wake = Promise.withResolvers<void>();
  return {
    add({ method, path, status, user, ms }: RequestLine) {
      if (waiting.length >= maxWaiting) return;
      waiting.push({ Method: method, Path: path, Status: status, User: user, Ms: ms });
      wake.resolve();
    },
    async *until(end: Promise<void>): AsyncGenerator<RequestLineBody> {
      let ended = false;
      void end.then(() => {
        ended = true;
        wake.resolve();
      });
      while (!ended) {
        await wake.promise;
        wake = Promise.withResolvers();
        yield* waiting.splice(0);
      }
    },
  };
}

/** Waits for packages of layers that nobody asked about before. */
const searchWaitMs = 60_000;

async function handleSearch(registry: Registry, { query, sendJson }: ApiRequest): Promise<void> {
  const options = { last: "", limit: maxPage, waitMs: searchWaitMs, mayPull: () => true };
  const { results, pending } = await registry.search.run(parseQuery(query), options);
  sendJson(200, { results: results.map(searchBody), pending } satisfies SearchBody);
}

function handlePrune(registry: Registry, { query, sendJson }: ApiRequest): void {
  const text = query.get("olderThan") ?? "24h";
  const olderThanMs = parseGoDuration(text);
  if (olderThanMs === null || olderThanMs < 0) {
    throw invalidArgument("registry.bad_duration", `Cannot read olderThan: ${JSON.stringify(text)} is no duration`);
  }
  const { blobs, uploads, freedBytes } = registry.prune(olderThanMs);
  const answer: PruneBody = { Blobs: blobs, Uploads: uploads, SpaceReclaimed: freedBytes };
  sendJson(200, answer);
}
