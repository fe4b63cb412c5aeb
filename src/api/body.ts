/** Request bodies: JSON with a limit, or raw bytes. */
import type { IncomingMessage } from "node:http";
import { EngineError, invalidArgument } from "../base/errors.ts";

export const maxJsonBytes = 16 * 1024 * 1024;

/** A request's body, by its events: an iterator over a stream costs 0.3 ms when it is the first in a while. */
export function readRequestJson(request: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    request.on("data", (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size > maxJsonBytes) {
        request.removeAllListeners("data");
        request.resume(); // the client learns why once it has sent all
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.once("end", () => {
      try {
        resolve(parseJson(chunks, request.headers["content-type"]));
      } catch (error) {
        reject(error);
      }
    });
    request.once("error", reject);
    request.once("close", () => reject(new Error("the client left before its request was whole")));
  });
}

/** The first `length` bytes of a request that asks for an upgrade, after those that came with its head; nothing ends it. */
export function readUpgradeJson(request: IncomingMessage, head: Uint8Array, length: number): Promise<unknown> {
  const type = request.headers["content-type"];
  if (length > maxJsonBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let left = length;
    const take = (chunk: Uint8Array): void => {
      chunks.push(chunk.subarray(0, left));
      left -= chunk.byteLength;
      if (left > 0) return;
      request.off("data", take);
      request.off("close", gone);
      try {
        resolve(parseJson(chunks, type));
      } catch (error) {
        reject(error);
      }
    };
    const gone = (): void => reject(new Error("the client left before its request was whole"));
    if (left > head.byteLength) {
      request.on("data", take);
      request.once("error", reject);
      request.once("close", gone);
    }
    if (length === 0) resolve(undefined);
    else if (head.byteLength > 0) take(head);
  });
}

function tooLarge(): EngineError {
  return new EngineError({
    code: "api.body_too_large",
    kind: "invalid_argument",
    message: `Cannot read the request: its body is larger than ${maxJsonBytes} bytes`,
    details: { httpStatus: 413 },
  });
}

/** Docker's texts for the three ways in which a JSON body is wrong. */
function parseJson(chunks: Uint8Array[], contentType: string | undefined): unknown {
  if (chunks.length === 0) return undefined;
  if (contentType !== undefined && !/^application\/json\b/i.test(contentType)) {
    throw invalidArgument(
      "api.content_type",
      `unsupported Content-Type header (${contentType}): must be 'application/json'`,
    );
  }
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError({
      code: "api.bad_json",
      kind: "invalid_argument",
      message: `invalid JSON: ${reason}`,
      hint: "send one JSON object as the request's body",
    });
  }
}
