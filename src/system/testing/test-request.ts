/** For tests: a request whose answer can be read. */
import type { ApiRequest } from "../../api/index.ts";

export function createTestRequest(query = "", params: Record<string, string> = {}, body?: unknown) {
  const controller = new AbortController();
  const seen = { status: 0, text: "", headers: {} as Record<string, string>, flushed: false, ended: false };
  const request: ApiRequest = {
    params,
    query: new URLSearchParams(query),
    version: [1, 51],
    headers: {},
    signal: controller.signal,
    json: () => Promise.resolve(body),
    async *body() {
      if (body instanceof Uint8Array) yield body;
    },
    sendJson(status, value) {
      seen.status = status;
      seen.text = JSON.stringify(value);
    },
    sendEmpty(status) {
      seen.status = status;
    },
    sendText(status, text) {
      seen.status = status;
      seen.text = text;
    },
    stream(status, _type, headers = {}) {
      seen.status = status;
      seen.headers = headers;
      return {
        write(bytes) {
          seen.text += typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("latin1");
          return Promise.resolve();
        },
        flush() {
          seen.flushed = true;
        },
        end() {
          seen.ended = true;
          return Promise.resolve();
        },
      };
    },
    hijack: () => Promise.reject(new Error("nothing here is hijacked")),
  };
  return { request, seen, abort: () => controller.abort() };
}
