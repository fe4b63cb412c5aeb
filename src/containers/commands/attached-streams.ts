/** Carries a hijacked stream between the daemon and our terminal or pipes, until the output ends. */
import type { Session } from "../../cli/session.ts";
import { demultiplex, rawChunks } from "../../sdk/demultiplex.ts";
import type { SocketStream } from "../../sdk/socket-stream.ts";

export type AttachOptions = { tty: boolean; stdin: boolean; stdout: boolean; stderr: boolean };

export async function carryStreams(raw: SocketStream, options: AttachOptions, session: Session): Promise<void> {
  if (options.stdin) void carryInput(raw);
  try {
    if (options.tty) for await (const chunk of rawChunks(raw)) await session.out.write(chunk);
    else
      await demultiplex(rawChunks(raw), (stream, bytes) =>
        (stream === "stdout" ? session.out : session.err).write(bytes),
      );
  } finally {
    raw.close();
  }
}

/** Input's end is passed on by closing our half only: output may still come. */
export async function carryInput(raw: SocketStream): Promise<void> {
  try {
    for await (const chunk of Bun.stdin.stream()) await raw.write(chunk);
    raw.shutdown();
  } catch {
    // the other side is gone; its output's end says so
  }
}
