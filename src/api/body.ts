/** Request bodies: JSON with a limit, or raw bytes. */
import { EngineError, invalidArgument } from "../base/errors.ts";

export const maxJsonBytes = 16 * 1024 * 1024;

/** Docker's texts for the three ways in which a JSON body is wrong. */
export async function readJson(body: AsyncIterable<Uint8Array>, contentType: string | undefined): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxJsonBytes) {
      throw new EngineError({
        code: "api.body_too_large",
        kind: "invalid_argument",
        message: `Cannot read the request: its body is larger than ${maxJsonBytes} bytes`,
        details: { httpStatus: 413 },
      });
    }
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  if (contentType !== undefined && !/^(application\/json|text\/plain)\b/i.test(contentType)) {
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
