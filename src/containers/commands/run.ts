/** create → attach and wait (both registered) → start; no more round trips than that. */
import { Failure } from "../../cli/failure.ts";
import type { FlagValues } from "../../cli/flag-values.ts";
import type { Session } from "../../cli/session.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";
import { readText } from "../../sdk/client.ts";
import { ApiError } from "../../sdk/errors.ts";
import { type AttachOptions, carryStreams } from "./attached-streams.ts";
import { createContainer, createFlags, planCreate } from "./create/index.ts";
import { forwardSignals } from "./forward-signals.ts";

export const run: Verb = {
  name: "run",
  summary: "Create and run a new container",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  args: { min: 1, max: anyNumber },
  interspersed: false,
  flags: [
    ...createFlags,
    { name: "detach", short: "d", kind: "bool", summary: "Run in the background and print the id" },
    { name: "detach-keys", kind: "string", summary: "Keys that detach" },
    { name: "sig-proxy", kind: "bool", summary: "Hand signals on to the process", default: "true" },
  ],
  examples: ["hbx run --rm -it busybox sh", "hbx run -d --name web -p 8080:80 IMAGE"],
  async run(session, args, flags) {
    const options = attachOptions(flags);
    if (options.stdin && options.tty) (await import("./raw-terminal.ts")).requireTerminal();
    const body = await planCreate(args, flags, session);
    const detached = flags.bool("detach");
    if (detached && flags.has("attach"))
      throw new Failure("conflicting options: cannot attach and detach", { exitCode: 125 });
    body["AttachStdin"] = !detached && options.stdin;
    body["AttachStdout"] = !detached && options.stdout;
    body["AttachStderr"] = !detached && options.stderr;
    body["StdinOnce"] = !detached && flags.bool("interactive");
    if (!detached && !options.tty) return await (await import("./run-once.ts")).runOnce(session, body, options, flags);
    const id = await createContainer(session, body, flags);
    if (!detached) return await runAttached(session, id, options, flags);
    await start(session, id);
    session.out.line(id);
    return 0;
  },
};

function attachOptions(flags: FlagValues): AttachOptions {
  const only = flags.list("attach").map((name) => name.toLowerCase());
  for (const name of only) {
    if (!["stdin", "stdout", "stderr"].includes(name)) {
      throw new Failure(`invalid argument "${name}" for "-a, --attach": must be stdin, stdout or stderr`, {
        exitCode: 125,
      });
    }
  }
  const wants = (name: string, byDefault: boolean) => (only.length > 0 ? only.includes(name) : byDefault);
  const tty = flags.bool("tty");
  return {
    tty,
    stdin: wants("stdin", flags.bool("interactive")),
    stdout: wants("stdout", true),
    stderr: wants("stderr", true),
  };
}

async function runAttached(session: Session, id: string, options: AttachOptions, flags: FlagValues): Promise<number> {
  const { client } = session;
  const { tty: _tty, ...streams } = options;
  const [attached, waiting] = await Promise.all([
    client.hijack(`/containers/${id}/attach`, {
      query: { stream: true, ...streams, detachKeys: flags.string("detach-keys") },
    }),
    client.stream("POST", `/containers/${id}/wait`, {
      query: { condition: flags.bool("rm") ? "removed" : "next-exit" },
    }),
  ]);
  const exitCode = readText(waiting.body, 65536).then(parseExit);
  exitCode.catch(() => undefined);
  using signals = flags.bool("sig-proxy") && !options.tty ? forwardSignals(client, id) : undefined;
  void signals;
  using terminal = options.tty && options.stdin ? (await import("./raw-terminal.ts")).openRawTerminal() : undefined;
  const carried = carryStreams(attached.raw, options, session);
  carried.catch(() => undefined);
  await start(session, id);
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
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
  return await exitCode;
}

function parseExit(text: string): number {
  const { StatusCode, Error: failure } = JSON.parse(text) as {
    StatusCode: number;
    Error?: { Message?: string } | null;
  };
  if (failure?.Message) throw new Failure(failure.Message, { exitCode: 125 });
  return StatusCode;
}

async function start(session: Session, id: string): Promise<void> {
  try {
    await session.client.text("POST", `/containers/${id}/start`);
  } catch (error) {
    if (error instanceof ApiError)
      throw new Failure(error.message, { hint: error.hint, exitCode: startExitCode(error.message) });
    throw error;
  }
}

/** Docker's: 127 command not found, 126 found but not runnable, 125 anything else. */
export function startExitCode(message: string): number {
  if (/executable file not found|no such file or directory|command not found|system cannot find/i.test(message))
    return 127;
  if (/permission denied|is a directory|exec format error|not executable/i.test(message)) return 126;
  return 125;
}
