/** The HTTP server on the Unix socket: `node:http`, because `Bun.serve` cannot hand out a hijacked socket. */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "../base/log.ts";
import { describeFailure } from "./failure.ts";
import { createPlainRequest, type RequestParts } from "./plain-request.ts";
import type { ApiRequest, Route } from "./route.ts";
import { createRouter } from "./router.ts";
import { createUpgradedRequest } from "./upgraded-request.ts";
import { splitVersion } from "./versions.ts";

export type ApiServer = AsyncDisposable & {
  /** Begins to answer on `path` (mode 0660). The caller holds the lock that makes it ours. */
  listen(path: string): Promise<void>;
};

const maxHeaderBytes = 64 * 1024;
/** A client has this long to send its headers; bodies may take as long as they like. */
const headersTimeoutMs = 30_000;
/** For the rest of a body after its answer. */
const lateBodyMs = 2_000;

export function createApiServer(routes: readonly Route[], logger: Logger): ApiServer {
  const router = createRouter(routes);
  const sockets = new Set<Socket>();
  const server = createServer({ maxHeaderSize: maxHeaderBytes, headersTimeout: headersTimeoutMs, requestTimeout: 0 });
  server.timeout = 0;
  server.keepAliveTimeout = 0;

  const locate = (raw: IncomingMessage): { route: Route; parts: RequestParts } => {
    const url = raw.url ?? "/";
    const mark = url.indexOf("?");
    const { version, path } = splitVersion(mark < 0 ? url : url.slice(0, mark));
    const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
    const { route, params } = router.match(raw.method ?? "GET", path, version);
    return { route, parts: { params, query, version } };
  };

  const answer = async (raw: IncomingMessage, create: (parts: RequestParts) => ApiRequest): Promise<void> => {
    const bare = { params: {}, query: new URLSearchParams(), version: [1, 51] as const };
    let request: ApiRequest | undefined;
    try {
      const { route, parts } = locate(raw);
      request = create(parts);
      await route.handle(request);
    } catch (error) {
      const { status, body } = describeFailure(error, logger);
      try {
        if (raw.method === "HEAD" || status === 304) (request ?? create(bare)).sendEmpty(status);
        else (request ?? create(bare)).sendJson(status, body);
      } catch {
        // The head was sent already: all that is left is to break the connection, so that the client sees the failure.
        raw.socket.destroy();
      }
    }
  };

  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  server.on("request", (raw, response) => {
    response.on("error", () => raw.socket.destroy());
    response.once("finish", () => refuseRest(raw));
    void answer(raw, (parts) => createPlainRequest(raw, response, parts));
  });
  server.on("upgrade", (raw, socket, head) => {
    void answer(raw, (parts) => createUpgradedRequest(raw, socket, head, parts));
  });
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });

  return {
    listen: (path) =>
      new Promise((resolve, reject) => {
        rmSync(path, { force: true });
        server.once("error", reject);
        server.listen(path, () => {
          chmodSync(path, 0o660);
          resolve();
        });
      }),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
        resolve();
      }),
  };
}

/** A client that goes on sending although its answer is there gets a moment to see it, not for ever. */
function refuseRest(raw: IncomingMessage): void {
  if (raw.complete) return;
  const socket: Socket | null = raw.socket; // null once the connection has ended
  if (!socket) return;
  const timer = setTimeout(() => {
    if (!raw.complete) socket.destroy();
  }, lateBodyMs);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
}
