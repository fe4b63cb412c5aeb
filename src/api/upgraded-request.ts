/**
 * An ApiRequest over a connection whose client asked for an upgrade. Answers are written by hand, since `node:http`
 * hands out the bare socket. A body (exec start has one) arrives on `req` in Bun, in `head` and the socket in Node.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { readUpgradeJson } from "./body.ts";
import { commonHeaders } from "./headers.ts";
import type { RequestParts } from "./plain-request.ts";
import type { ApiRequest, ByteSink } from "./route.ts";

const reasons: Record<number, string> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  400: "Bad Request",
  404: "Not Found",
  409: "Conflict",
};

export function createUpgradedRequest(
  raw: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  parts: RequestParts,
): ApiRequest {
  const controller = new AbortController();
  socket.once("close", () => controller.abort());
  socket.on("error", () => controller.abort());
  let rest: Uint8Array = head;

  const respond = (status: number, headers: Record<string, string>, body: string | null): void => {
    const lines = [`HTTP/1.1 ${status} ${reasons[status] ?? "Status"}`];
    const all = { ...commonHeaders, ...headers, Connection: "close" };
    for (const [name, value] of Object.entries(all)) lines.push(`${name}: ${value}`);
    if (body !== null) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    socket.write(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
  };
  const finish = (status: number, headers: Record<string, string>, body: string): void => {
    respond(status, headers, body);
    socket.end();
  };
  const bodyLength = (): number => {
    const length = Number(raw.headers["content-length"] ?? "0");
    return Number.isSafeInteger(length) && length > 0 ? length : 0;
  };
  async function* body(): AsyncGenerator<Uint8Array> {
    let left = bodyLength();
    if (left === 0) return;
    if (rest.byteLength > 0) {
      const take = rest.subarray(0, left);
      rest = rest.subarray(take.byteLength);
      left -= take.byteLength;
      yield take;
    }
    if (left <= 0) return;
    for await (const chunk of raw) {
      yield chunk;
      left -= chunk.byteLength;
      if (left <= 0) return;
    }
  }
  return {
    ...parts,
    headers: raw.headers,
    signal: controller.signal,
    json() {
      const length = bodyLength();
      const begun = rest.subarray(0, length);
      rest = rest.subarray(begun.byteLength);
      return readUpgradeJson(raw, begun, length);
    },
    body,
    sendJson: (status, value, headers) =>
      finish(status, { ...headers, "Content-Type": "application/json" }, `${JSON.stringify(value)}\n`),
    sendEmpty: (status, headers) => finish(status, headers ?? {}, ""),
    sendText: (status, text) => finish(status, { "Content-Type": "text/plain; charset=utf-8" }, text),
    stream(status, contentType, headers) {
      respond(status, { ...headers, "Content-Type": contentType }, null);
      return socketSink(socket);
    },
    hijack(contentType) {
      const protocol = raw.headers.upgrade ?? "tcp";
      socket.write(
        `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nApi-Version: ${commonHeaders["Api-Version"]}\r\n\r\n`,
      );
      if (rest.byteLength > 0) socket.unshift(rest);
      return Promise.resolve(socket);
    },
  };
}

function socketSink(socket: Duplex): ByteSink {
  return {
    write: (bytes) =>
      socket.destroyed || socket.write(bytes)
        ? Promise.resolve()
        : new Promise((resolve) => {
            socket.once("drain", resolve);
            socket.once("close", resolve);
          }),
    flush: () => undefined,
    end: () => new Promise((resolve) => socket.end(() => resolve())),
  };
}
