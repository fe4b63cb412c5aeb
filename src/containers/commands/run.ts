/** create → attach and wait (both registered) → start; no more round trips than that. */
import { Failure } from "../../cli/failure.ts";
import type { FlagValues } from "../../cli/flag-values.ts";
import type { Session } from "../../cli/session.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";
import { ApiError } from "../../sdk/errors.ts";
import { runAttached } from "./attached-container.ts";
import type { AttachOptions } from "./attached-streams.ts";
import { createContainer, createFlags, planCreate } from "./create/index.ts";

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
    if (!detached)
      return await runAttached(session, {
        id,
        streams: options,
        detachKeys: flags.string("detach-keys"),
        sigProxy: flags.bool("sig-proxy"),
        autoRemove: flags.bool("rm"),
        begin: () => start(session, id),
      });
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
