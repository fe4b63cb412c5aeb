/** Shows on a terminal how much was copied, while it is. */
import type { Session } from "../../../cli/session.ts";
import { shortSize } from "../../../cli/sizes.ts";

const everyMs = 100;

export async function* counted(
  session: Session,
  chunks: AsyncIterable<Uint8Array>,
  direction: string,
  quiet: boolean,
): AsyncGenerator<Uint8Array> {
  const shown = !quiet && process.stderr.isTTY === true;
  let bytes = 0;
  let last = performance.now();
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (shown && performance.now() - last > everyMs) {
      last = performance.now();
      void session.err.write(`\r\x1b[2KCopying ${direction} - ${shortSize(bytes)}`);
    }
    yield chunk;
  }
  if (shown) void session.err.write(`\r\x1b[2KCopied ${shortSize(bytes)} ${direction}\n`);
}
