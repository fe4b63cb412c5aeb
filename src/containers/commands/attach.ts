/** Joins the streams of a running container. */
import { Failure } from "../../cli/failure.ts";
import type { Verb } from "../../cli/verb.ts";
import { runAttached } from "./attached-container.ts";

type Inspected = {
  Id: string;
  State: { Running: boolean; Paused: boolean; Restarting: boolean };
  Config: { Tty: boolean; OpenStdin: boolean };
  HostConfig: { AutoRemove: boolean };
};

export const attach: Verb = {
  name: "attach",
  summary: "Attach to the streams of a running container",
  usage: "[OPTIONS] CONTAINER",
  args: { min: 1, max: 1 },
  flags: [
    { name: "no-stdin", kind: "bool", summary: "Do not hand standard input on" },
    { name: "sig-proxy", kind: "bool", summary: "Hand signals on to the process", default: "true" },
    { name: "detach-keys", kind: "string", summary: "Keys that detach" },
  ],
  async run(session, [name = ""], flags) {
    const path = `/containers/${encodeURIComponent(name)}/json`;
    const { Id, State, Config, HostConfig } = await session.client.json<Inspected>("GET", path);
    if (!State.Running) throw new Failure("cannot attach to a stopped container, start it first");
    if (State.Paused) throw new Failure("cannot attach to a paused container, unpause it first");
    if (State.Restarting) throw new Failure("cannot attach to a restarting container, wait until it is running");
    const stdin = !flags.bool("no-stdin") && Config.OpenStdin;
    if (stdin && Config.Tty) (await import("./raw-terminal.ts")).requireTerminal();
    return await runAttached(session, {
      id: Id,
      streams: { tty: Config.Tty, stdin, stdout: true, stderr: true },
      detachKeys: flags.string("detach-keys"),
      sigProxy: flags.bool("sig-proxy"),
      autoRemove: HostConfig.AutoRemove,
    });
  },
};
