/** Starts stopped containers; with -a or -i one container, attached. */
import { Failure } from "../../cli/failure.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";
import { runAttached } from "./attached-container.ts";
import { eachContainer } from "./each-container.ts";

type Inspected = { Id: string; Config: { Tty: boolean; OpenStdin: boolean }; HostConfig: { AutoRemove: boolean } };

export const start: Verb = {
  name: "start",
  summary: "Start stopped containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: { min: 1, max: anyNumber },
  flags: [
    { name: "attach", short: "a", kind: "bool", summary: "Show its output and hand signals on" },
    { name: "interactive", short: "i", kind: "bool", summary: "Hand standard input on" },
    { name: "detach-keys", kind: "string", summary: "Keys that detach" },
    { name: "checkpoint", kind: "string", summary: "", refused: "the native engine has no checkpoints" },
    { name: "checkpoint-dir", kind: "string", summary: "", refused: "the native engine has no checkpoints" },
  ],
  async run(session, names, flags) {
    const { client } = session;
    const detachKeys = flags.string("detach-keys");
    const startOne = async (path: string) => {
      await client.text("POST", `${path}/start`, { query: { detachKeys } });
    };
    if (!flags.bool("attach") && !flags.bool("interactive")) return await eachContainer(session, names, startOne);
    const [name = "", ...others] = names;
    if (others.length > 0) throw new Failure("you cannot start and attach multiple containers at once");
    const container = await client.json<Inspected>("GET", `/containers/${encodeURIComponent(name)}/json`);
    const { Id: id, Config } = container;
    const stdin = flags.bool("interactive") && Config.OpenStdin;
    if (stdin && Config.Tty) (await import("./raw-terminal.ts")).requireTerminal();
    return await runAttached(session, {
      id,
      streams: { tty: Config.Tty, stdin, stdout: true, stderr: true },
      detachKeys,
      sigProxy: flags.bool("attach"),
      autoRemove: container.HostConfig.AutoRemove,
      begin: () => startOne(`/containers/${id}`),
    });
  },
};
