/** One request and its answer, with what every endpoint needs: bodies with a limit, ranges, back-pressure, errors. */

import type { IncomingMessage, ServerResponse } from "../../api/index.ts";
import { createShortId } from "../../base/ids.ts";
import type { Logger } from "../../base/log.ts";
import { badParameter, manifestTooLarge, ociFields } from "../errors.ts";

export type Headers = Record<string, string | string[]>;
export type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
  /** The scheme and host under which the client reached us. */
  readonly origin: string;
  header(name: string): string | undefined;
  /** Null where the client did not say. */
  readonly contentLength: number | null;
  /** With back-pressure. Throws where the client leaves before all was sent. */
  body(): AsyncIterable<Uint8Array>;
  /** The whole body; refused beyond `limitBytes` with 413. */
  bytes(limitBytes: number): Promise<Uint8Array>;
  sendJson(status: number, value: unknown, headers?: Headers): void;
  sendEmpty(status: number, headers?: Headers): void;
  /** `Content-Length` is among the headers. To HEAD only they are sent. */
  sendStream(status: number, headers: Headers, pieces: () => AsyncIterable<Uint8Array>): Promise<void>;
  fail(error: unknown, logger: Logger): void;
};

export const commonHeaders: Headers = {
  "Hyperbox-Chunks": "1",
  "Docker-Distribution-API-Version": "registry/2.0",
  "X-Content-Type-Options": "nosniff",
};

export function createExchange(request: IncomingMessage, response: ServerResponse, secure: boolean): Exchange {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  const header = (name: string) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };
  const isHead = request.method === "HEAD";
  /** What the client still sends is read and dropped for a while, so that it can hear the answer. */
  const drain = () => {
    // Kept, since a connection that ends takes it away from the request.
    const { socket } = request;
    if (request.complete) return;
    request.resume();
    setTimeout(() => {
      if (!request.complete) socket?.destroy();
    }, drainMs).unref();
  };
  const sendBytes = (status: number, bytes: Uint8Array, headers: Headers) => {
    response.writeHead(status, { ...commonHeaders, ...headers, "Content-Length": String(bytes.byteLength) });
    if (isHead) response.end();
    else response.end(bytes);
    drain();
  };
  async function* body(): AsyncGenerator<Uint8Array> {
    for await (const piece of request) yield piece as Uint8Array;
    if (!request.complete || controller.signal.aborted) throw new Error("the client left before all was sent");
  }
  const exchange: Exchange = {
    method: request.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
    signal: controller.signal,
    origin: `${secure ? "https" : "http"}://${header("host") ?? "localhost"}`,
    header,
    get contentLength() {
      const text = header("content-length");
      if (text === undefined) return null;
      if (!/^\d{1,15}$/.test(text)) throw badParameter("Content-Length", text, "a number");
      return Number(text);
    },
    body,
    async bytes(limitBytes) {
      if ((exchange.contentLength ?? 0) > limitBytes) throw manifestTooLarge(limitBytes);
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const piece of body()) {
        size += piece.byteLength;
        if (size > limitBytes) throw manifestTooLarge(limitBytes);
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    },
    sendJson: (status, value, headers = {}) =>
      sendBytes(status, Buffer.from(`${JSON.stringify(value)}\n`), { "Content-Type": "application/json", ...headers }),
    sendEmpty(status, headers = {}) {
      const length: Headers = status === 204 || status === 304 ? {} : { "Content-Length": "0" };
      response.writeHead(status, { ...commonHeaders, ...length, ...headers });
      response.end();
      drain();
    },
    async sendStream(status, headers, pieces) {
      if (isHead) {
        response.writeHead(status, { ...commonHeaders, ...headers });
        response.end();
        return;
      }
      let begun = false;
      for await (const piece of pieces()) {
        if (!begun) response.writeHead(status, { ...commonHeaders, ...headers });
        begun = true;
        if (controller.signal.aborted) return;
        if (!response.write(piece)) await drained(response);
      }
      if (!begun) response.writeHead(status, { ...commonHeaders, ...headers });
      response.end();
    },
    fail(error, logger) {
      if (response.headersSent) {
        // Part of the answer is out: breaking the connection is the only way to tell.
        request.socket.destroy();
        return;
      }
      if (controller.signal.aborted) return;
      const known = ociFields(error);
      if (known) {
        const { status, code, message, headers } = known;
        exchange.sendJson(status, { errors: [{ code, message }] }, headers);
        return;
      }
      const id = createShortId();
      logger.log("error", "internal", { id, stack: error instanceof Error ? error.stack : String(error) });
      const message = `Cannot complete the request: internal error ${id}`;
      exchange.sendJson(500, { errors: [{ code: "UNKNOWN", message }] });
    },
  };
  return exchange;
}

const drainMs = 10_000;

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
