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
  errorDetail?: { message?: string; hint?: string };
  progressDetail?: { current?: number; total?: number };
};

export type ProgressOptions = {
  /** Only failures are told. */
  quiet?: boolean;
  /** Where lines without a layer go; default: standard output. */
  lines?: Session["out"];
};

/** Prints to the end; throws the stream's own error. Answers the exit code. */
export async function printProgress(
  session: Session,
  body: AsyncIterable<Uint8Array>,
  { quiet = false, lines: plain = session.out }: ProgressOptions = {},
): Promise<number> {
  const lines = new Map<string, number>();
  const told = new Map<string, string>();
  const terminal = process.stderr.isTTY === true;
  for await (const value of jsonLines(body)) {
    const message = value as Message;
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) throw new Failure(error, { hint: message.errorDetail?.hint });
    if (quiet) continue;
    if (message.stream !== undefined) void plain.write(message.stream);
    else if (message.id === undefined) {
      if (message.status !== undefined) plain.line(message.status);
    } else if (message.progressDetail === undefined) plain.line(`${message.id}: ${message.status}`);
    else if (terminal) showLayer(session, lines, message.id, textOf(message));
    else if (told.get(message.id) !== message.status && message.progressDetail.current === undefined) {
      // Where nobody watches: each state once, no bars.
      told.set(message.id, message.status ?? "");
      plain.line(`${message.id}: ${message.status}`);
    }
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
