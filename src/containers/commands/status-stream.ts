/** The answer of a run or an exec in one request: output, and JSON frames about it (ADR 0005). */
import { Failure } from "../../cli/failure.ts";
import type { Session } from "../../cli/session.ts";
import { demultiplex, rawChunks } from "../../sdk/demultiplex.ts";
import type { SocketStream } from "../../sdk/socket-stream.ts";

/** Output to its end; `tell` gets every JSON value. */
export async function carryWithStatus(
  session: Session,
  raw: SocketStream,
  tell: (status: Record<string, unknown>) => Promise<void> | void,
): Promise<void> {
  let text = "";
  await demultiplex(
    rawChunks(raw),
    (stream, bytes) => {
      if (stream === "stdout") return session.out.write(bytes);
      if (stream === "stderr") return session.err.write(bytes);
      text += Buffer.from(bytes).toString("utf8");
      const status = parseStatus(text);
      if (status === null) return;
      text = "";
      return tell(status);
    },
    true,
  );
}

/** A status frame may arrive in pieces: until it is whole it is not JSON. */
function parseStatus(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

export function daemonGone(what: "container" | "command", hint: string): Failure {
  return new Failure(`Cannot follow the ${what}: the daemon has gone`, { hint, exitCode: 125 });
}
