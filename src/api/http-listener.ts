/**
 * A bare HTTP or HTTPS server on a TCP address, for features that speak a protocol of their own there. Versions, routes and
 * errors are theirs; this knows sockets, limits and an orderly end.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export type { IncomingMessage, ServerResponse };

export type HttpListener = AsyncDisposable & {
  readonly host: string;
  /** The kernel's choice where 0 was asked for. */
  readonly port: number;
};

export type HttpListenerOptions = {
  host: string;
  port: number;
  /** PEM. Absent: plain HTTP. */
  tls?: { cert: string; key: string };
  /** Never rejects: what goes wrong is its own to answer. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
};

const maxHeaderBytes = 64 * 1024;
/** A client has this long to send its headers; bodies may take as long as bytes keep coming. */
const headersTimeoutMs = 30_000;
const idleTimeoutMs = 120_000;

/** Rejects with the system's error (`code` EADDRINUSE and the like) when it cannot listen. */
export async function listenHttp({ host, port, tls, handle }: HttpListenerOptions): Promise<HttpListener> {
  const limits = { maxHeaderSize: maxHeaderBytes, headersTimeout: headersTimeoutMs, requestTimeout: 0 };
  const answer: RequestListener = (request, response) => {
    response.on("error", () => request.socket.destroy());
    void handle(request, response);
  };
  const server = tls
    ? (await import("node:https")).createServer({ ...limits, ...tls }, answer)
    : createServer(limits, answer);
  server.timeout = idleTimeoutMs;
  const sockets = new Set<Socket>();
  server.on(tls ? "secureConnection" : "connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  return {
    host,
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
