/** Request bodies: JSON with a limit, or raw bytes. */
import type { IncomingMessage } from "node:http";
import { EngineError, invalidArgument } from "../base/errors.ts";

export const maxJsonBytes = 16 * 1024 * 1024;

/** Docker's texts for the three ways in which a JSON body is wrong. */
export async function readJson(body: AsyncIterable<Uint8Array>, contentType: string | undefined): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxJsonBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return parseJson(chunks, contentType);
}

/** The same of a request, by its events: an iterator over a stream costs 0.3 ms when it is the first in a while. */
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

function tooLarge(): EngineError {
  return new EngineError({
    code: "api.body_too_large",
    kind: "invalid_argument",
    message: `Cannot read the request: its body is larger than ${maxJsonBytes} bytes`,
    details: { httpStatus: 413 },
  });
}

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
