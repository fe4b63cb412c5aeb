/** Passes bytes on and writes them to a new file on the way. */
import { open } from "node:fs/promises";

export async function* copyWhileRead(chunks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path, "wx", 0o600);
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
    yield chunk;
  }
}
