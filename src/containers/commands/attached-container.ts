/** Attaches to a container and waits for its end; `begin` starts it once both are in place. */
import { Failure } from "../../cli/failure.ts";
import type { Session } from "../../cli/session.ts";
import { readText } from "../../sdk/client.ts";
import { ApiError } from "../../sdk/errors.ts";
import { type AttachOptions, carryStreams } from "./attached-streams.ts";
import { forwardSignals } from "./forward-signals.ts";

export type Attachment = {
  /** Name or id, as it stands in a path. */
  id: string;
  streams: AttachOptions;
  detachKeys: string | undefined;
  sigProxy: boolean;
  /** The container goes away with its end. */
  autoRemove: boolean;
  begin?: () => Promise<void>;
};

/** The container's exit code, or 0 when the user detached. */
export async function runAttached(session: Session, attachment: Attachment): Promise<number> {
  const { client } = session;
  const { id, streams, detachKeys, begin } = attachment;
  const { tty, ...which } = streams;
  const condition = attachment.autoRemove ? "removed" : begin ? "next-exit" : "not-running";
  const [attached, waiting] = await Promise.all([
    client.hijack(`/containers/${id}/attach`, { query: { stream: true, ...which, detachKeys } }),
    client.stream("POST", `/containers/${id}/wait`, { query: { condition } }),
  ]);
  const exitCode = readText(waiting.body, 65536).then(parseExit, daemonLost);
  exitCode.catch(() => undefined);
  using signals = attachment.sigProxy && !tty ? forwardSignals(client, id) : undefined;
  void signals;
  using terminal = tty && streams.stdin ? (await import("./raw-terminal.ts")).openRawTerminal() : undefined;
  const carried = carryStreams(attached.raw, streams, session);
  carried.catch(() => undefined);
  await begin?.();
  terminal?.onResize(
    ({ h, w }) => void client.text("POST", `/containers/${id}/resize`, { query: { h, w } }).catch(() => undefined),
  );
  await carried;
  return await detachedOr(session, id, exitCode);
}

/** The stream's end means exit, or that the user typed the detach keys: then the container goes on and we are done. */
async function detachedOr(session: Session, id: string, exitCode: Promise<number>): Promise<number> {
  const first = await Promise.race([exitCode, Bun.sleep(100).then(() => undefined)]);
  if (first !== undefined) return first;
  try {
    const { State } = await session.client.json<{ State: { Running: boolean } }>("GET", `/containers/${id}/json`);
    if (State.Running) return 0;
  } catch (error) {
    if (!(error instanceof ApiError)) return await exitCode;
    if (error.status !== 404) throw error;
  }
  return await exitCode;
}

function daemonLost(): never {
  throw new Failure("Cannot tell the exit code: the daemon went away", {
    hint: "the container runs on: `hbx attach` joins it again",
    exitCode: 125,
  });
}

function parseExit(text: string): number {
  if (text === "") return daemonLost();
  const { StatusCode, Error: failure } = JSON.parse(text) as {
    StatusCode: number;
    Error?: { Message?: string } | null;
  };
  if (failure?.Message) throw new Failure(failure.Message, { exitCode: 125 });
  return StatusCode;
}
