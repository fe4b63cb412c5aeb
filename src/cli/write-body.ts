/** A streamed answer into a file (complete or not at all) or to standard output. */
import { rename, rm } from "node:fs/promises";
import type { Session } from "./session.ts";

export async function writeBody(
  session: Session,
  body: AsyncIterable<Uint8Array>,
  path: string | undefined,
): Promise<void> {
  if (path === undefined) {
    for await (const chunk of body) await session.out.write(chunk);
    return;
  }
  const draft = `${path}.hbx-${process.pid}`;
  try {
    const sink = Bun.file(draft).writer({ highWaterMark: 1024 * 1024 });
    for await (const chunk of body) {
      sink.write(chunk as Uint8Array<ArrayBuffer>);
      await sink.flush();
    }
    await sink.end();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
