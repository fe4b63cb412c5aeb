/** An ApiRequest over an ordinary request and response. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { readRequestJson } from "./body.ts";
import { commonHeaders } from "./headers.ts";
import type { ApiRequest, ByteSink } from "./route.ts";
import type { ApiVersion } from "./versions.ts";

export type RequestParts = { params: Record<string, string>; query: URLSearchParams; version: ApiVersion };

export function createPlainRequest(raw: IncomingMessage, response: ServerResponse, parts: RequestParts): ApiRequest {
  let controller: AbortController | undefined;
  return {
    ...parts,
    headers: raw.headers,
    get signal() {
      controller ??= abortOnClose(response);
      return controller.signal;
    },
    json: () => readRequestJson(raw),
    body: () => raw,
    sendJson(status, value, headers) {
      const text = `${JSON.stringify(value)}\n`;
      response.writeHead(status, {
        ...commonHeaders,
        ...headers,
        "Content-Type": "application/json",
        "Content-Length": String(Buffer.byteLength(text)),
      });
      response.end(text);
    },
    sendEmpty(status, headers) {
      response.writeHead(status, {
        ...commonHeaders,
        ...headers,
        ...(status === 204 || status === 304 ? {} : { "Content-Length": "0" }),
      });
      response.end();
    },
    sendText(status, text) {
      response.writeHead(status, {
        ...commonHeaders,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": String(Buffer.byteLength(text)),
      });
      response.end(text);
    },
    stream(status, contentType, headers) {
      response.writeHead(status, { ...commonHeaders, ...headers, "Content-Type": contentType });
      return createSink(response);
    },
    hijack(contentType) {
      // Without an Upgrade header the client reads a streamed body and sends input as its own body.
      response.writeHead(200, { ...commonHeaders, "Content-Type": contentType });
      response.flushHeaders();
      return Promise.resolve(Duplex.from({ readable: raw, writable: response }));
    },
  };
}

function abortOnClose(response: ServerResponse): AbortController {
  const controller = new AbortController();
  if (response.destroyed) controller.abort();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller;
}

function createSink(response: ServerResponse): ByteSink {
  return {
    write(bytes) {
      if (response.destroyed) return Promise.resolve();
      if (response.write(bytes)) return Promise.resolve();
      return new Promise((resolve) => {
        const done = () => {
          response.off("drain", done);
          response.off("close", done);
          resolve();
        };
        response.once("drain", done);
        response.once("close", done);
      });
    },
    flush: () => response.flushHeaders(),
    end: () =>
      new Promise((resolve) => {
        if (response.destroyed) resolve();
        else response.end(() => resolve());
      }),
  };
}
