/** What a feature says of one endpoint. The route table is flat; the router does versions, matching and errors. */
import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import type { EngineError } from "../base/errors.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

export type Route = {
  method: Method;
  /**
   * Path below the version prefix. `{name}` takes one segment, `{name:*}` one or more (image references hold
   * slashes). Values arrive percent-decoded.
   */
  path: string;
  /** The first API version that has it; default 1.24. */
  since?: string;
  /** Set when the endpoint is Docker's and only ever refused. */
  refused?: Refusal;
  handle(request: ApiRequest): Promise<void> | void;
};

/** Why an endpoint is refused, and whether a later version is meant to have it. */
export type Refusal = { reason: string; planned: boolean };

/** A known endpoint that clients hear a reason from, not a 404. */
export function refusedRoute(method: Method, path: string, error: EngineError, planned: boolean): Route {
  return {
    method,
    path,
    refused: { reason: error.message, planned },
    handle() {
      throw error;
    },
  };
}

export type ApiRequest = {
  readonly params: Record<string, string>;
  readonly query: URLSearchParams;
  /** Version the client speaks, as [major, minor]. */
  readonly version: readonly [number, number];
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client goes away before the answer is complete. */
  readonly signal: AbortSignal;

  /** Reads and parses a JSON body (≤ 16 MiB). An empty body gives `undefined`; anything else malformed is Docker's 400. */
  json(): Promise<unknown>;
  /** The body as it comes, with back-pressure. */
  body(): AsyncIterable<Uint8Array>;

  sendJson(status: number, value: unknown, headers?: Record<string, string>): void;
  sendEmpty(status: number, headers?: Record<string, string>): void;
  sendText(status: number, text: string): void;
  /** Starts a chunked answer of JSON objects, a line each, or of raw bytes. `write` resolves when the socket has room. */
  stream(status: number, contentType: string, headers?: Record<string, string>): ByteSink;
  /** Takes the connection over (101 when the client asked for an upgrade, else 200) for raw two-way bytes. */
  hijack(contentType: string): Promise<Duplex>;
};

export type ByteSink = {
  write(bytes: Uint8Array | string): Promise<void>;
  /** Sends the head now, though no byte of the body is there yet. */
  flush(): void;
  end(): Promise<void>;
};

/** `1`, `t`, `true`, `y`, … as Docker's `httputils.BoolValue`: anything but empty, 0, no, false, none is true. */
export function boolQuery(query: URLSearchParams, name: string, fallback = false): boolean {
  const value = query.get(name);
  if (value === null) return fallback;
  return !["", "0", "no", "false", "none"].includes(value.trim().toLowerCase());
}
