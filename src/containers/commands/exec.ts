import { Failure } from "../../cli/failure.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";
import { ApiError } from "../../sdk/errors.ts";
import { carryStreams } from "./attached-streams.ts";
import { environment } from "./create/process.ts";
import { startExitCode } from "./run.ts";

export const exec: Verb = {
  name: "exec",
  summary: "Run a command in a running container",
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  args: { min: 2, max: anyNumber },
  interspersed: false,
  flags: [
    { name: "detach", short: "d", kind: "bool", summary: "Run in the background" },
    { name: "detach-keys", kind: "string", summary: "Keys that detach" },
    { name: "env", short: "e", kind: "list", summary: "Set an environment variable" },
    { name: "env-file", kind: "list", summary: "Read environment variables from a file" },
    { name: "interactive", short: "i", kind: "bool", summary: "Keep standard input open" },
    { name: "privileged", kind: "bool", summary: "Give all privileges" },
    { name: "tty", short: "t", kind: "bool", summary: "Give it a terminal" },
    { name: "user", short: "u", kind: "string", summary: "User name or number" },
    { name: "workdir", short: "w", kind: "string", summary: "Working directory" },
  ],
  async run(session, args, flags) {
    const { client } = session;
    const [container = "", ...command] = args;
    const detached = flags.bool("detach");
    const tty = flags.bool("tty");
    const stdin = flags.bool("interactive") && !detached;
    if (tty && stdin) (await import("./raw-terminal.ts")).requireTerminal();
    const body = {
      AttachStdin: stdin,
      AttachStdout: !detached,
      AttachStderr: !detached,
      DetachKeys: flags.string("detach-keys") ?? "",
      Tty: tty,
      Env: await environment(flags.list("env-file"), flags.list("env"), session.env),
      Cmd: command,
      Privileged: flags.bool("privileged"),
      User: flags.string("user") ?? "",
      WorkingDir: flags.string("workdir") ?? "",
    };
    if (!tty && !detached) {
      const { execOnce } = await import("./exec-once.ts");
      return await execOnce(session, container, body).catch((error: unknown) => {
        throw execFailure(error);
      });
    }
    const { Id } = await client.json<{ Id: string }>("POST", `/containers/${encodeURIComponent(container)}/exec`, {
      json: body,
    });
    const path = `/exec/${Id}`;
    try {
      if (detached) {
        await client.text("POST", `${path}/start`, { json: { Detach: true, Tty: tty } });
        return 0;
      }
      using terminal = tty && stdin ? (await import("./raw-terminal.ts")).openRawTerminal() : undefined;
      const { raw } = await client.hijack(`${path}/start`, { json: { Detach: false, Tty: tty } });
      terminal?.onResize(
        ({ h, w }) => void client.text("POST", `${path}/resize`, { query: { h, w } }).catch(() => undefined),
      );
      await carryStreams(raw, { tty, stdin, stdout: true, stderr: true }, session);
    } catch (error) {
      throw execFailure(error);
    }
    const { ExitCode, Running } = await client.json<{ ExitCode: number | null; Running: boolean }>(
      "GET",
      `${path}/json`,
    );
    return Running ? 0 : (ExitCode ?? 0);
  },
};

/** 126 and 127 are about the command; everything else is an error of ours, as it comes. */
function execFailure(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const exitCode = startExitCode(error.message);
  return exitCode === 125 ? error : new Failure(error.message, { hint: error.hint, exitCode });
}
