/** Docker's progress stream: JSON lines with a status per layer. One line a layer on a terminal, plain lines elsewhere. */
import { jsonLines } from "../sdk/json-lines.ts";
import { Failure } from "./failure.ts";
import type { Session } from "./session.ts";
import { shortSize } from "./sizes.ts";

type Message = {
  stream?: string;
  status?: string;
  id?: string;
  error?: string;
  errorDetail?: { message?: string };
  progressDetail?: { current?: number; total?: number };
};

/** Prints to the end; throws the stream's own error. Answers the exit code. */
export async function printProgress(session: Session, body: AsyncIterable<Uint8Array>): Promise<number> {
  const lines = new Map<string, number>();
  const terminal = process.stderr.isTTY === true;
  for await (const value of jsonLines(body)) {
    const message = value as Message;
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) throw new Failure(error);
    if (message.stream !== undefined) void session.out.write(message.stream);
    else if (message.id === undefined) session.out.line(message.status ?? "");
    else if (terminal) showLayer(session, lines, message.id, textOf(message));
  }
  return 0;
}

function textOf({ id, status, progressDetail }: Message): string {
  const { current, total } = progressDetail ?? {};
  if (current === undefined || total === undefined || total === 0) return `${id}: ${status}`;
  const done = Math.min(20, Math.round((current / total) * 20));
  return `${id}: ${status} [${"=".repeat(done)}${" ".repeat(20 - done)}] ${shortSize(current)}/${shortSize(total)}`;
}

/** Goes up to the layer's own line, writes it anew, and comes back down. */
function showLayer(session: Session, lines: Map<string, number>, id: string, text: string): void {
  const at = lines.get(id);
  if (at === undefined) {
    lines.set(id, lines.size);
    session.err.line(text);
    return;
  }
  const up = lines.size - at;
  void session.err.write(`\x1b[${up}A\r\x1b[2K${text}\r\x1b[${up}B`);
}
