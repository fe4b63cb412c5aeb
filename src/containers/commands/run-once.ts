/** `run` without a terminal: one request creates, attaches, starts and waits. */
import { Failure } from "../../cli/failure.ts";
import type { FlagValues } from "../../cli/flag-values.ts";
import type { Session } from "../../cli/session.ts";
import { ApiError } from "../../sdk/errors.ts";
import type { SocketStream } from "../../sdk/socket-stream.ts";
import { type AttachOptions, carryInput } from "./attached-streams.ts";
import type { CreateBody } from "./create/body.ts";
import { type Created, createFailure, reportCreated, withImage } from "./create/index.ts";
import { forwardSignals } from "./forward-signals.ts";
import { startExitCode } from "./run.ts";
import { carryWithStatus, daemonGone } from "./status-stream.ts";

type Ended = { StatusCode: number; Error: { Message: string } | null };

export async function runOnce(
  session: Session,
  body: CreateBody,
  { stdin, stdout, stderr }: AttachOptions,
  flags: FlagValues,
): Promise<number> {
  const query = { name: flags.string("name"), platform: flags.string("platform"), stdin, stdout, stderr };
  const { raw } = await withImage(session, body.Image, flags, () =>
    session.client.hijack("/hbx/v1/containers/run", { query, json: body }),
  ).catch((error: unknown) => {
    throw runFailure(error);
  });
  if (stdin) void carryInput(raw);
  const ended = await carryRun(session, raw, flags);
  raw.close();
  if (ended === null) throw daemonGone("container", "`hbx ps` shows whether it still runs");
  if (ended.Error?.Message) throw new Failure(ended.Error.Message, { exitCode: 125 });
  return ended.StatusCode;
}

/** Output to its end; null when it ended without a status. */
async function carryRun(session: Session, raw: SocketStream, flags: FlagValues): Promise<Ended | null> {
  let signals: Disposable | undefined;
  let ended: Ended | null = null;
  try {
    await carryWithStatus(session, raw, (status) => {
      if ("StatusCode" in status) {
        ended = status as Ended;
        return;
      }
      const created = status as Created;
      if (flags.bool("sig-proxy")) signals = forwardSignals(session.client, created.Id);
      return reportCreated(session, created, flags).then(() => undefined);
    });
  } finally {
    signals?.[Symbol.dispose]();
  }
  return ended;
}

function runFailure(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const exitCode = startExitCode(error.message);
  return exitCode === 125 ? createFailure(error) : new Failure(error.message, { hint: error.hint, exitCode });
}
