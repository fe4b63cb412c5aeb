/** A stream of JSON values, one per line or simply following each other, as Docker's progress and events come. */
import { HttpProtocolError } from "./errors.ts";

const maxLineBytes = 16 * 1024 * 1024;

export async function* jsonLines<T>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxLineBytes) throw new HttpProtocolError("a line of the daemon's answer is too long");
    for (const line of lines) if (line.trim() !== "") yield parse<T>(line);
  }
  rest += decoder.decode();
  if (rest.trim() !== "") yield parse<T>(rest);
}

function parse<T>(line: string): T {
  try {
    return JSON.parse(line) as T;
  } catch (cause) {
    throw new HttpProtocolError(`the daemon sent a line that is not JSON: ${line.slice(0, 80)}`, { cause });
  }
}
