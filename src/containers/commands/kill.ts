import { anyNumber, type Verb } from "../../cli/verb.ts";
import { eachContainer } from "./each-container.ts";

export const kill: Verb = {
  name: "kill",
  summary: "Send a signal to running containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: { min: 1, max: anyNumber },
  flags: [{ name: "signal", short: "s", kind: "string", summary: "Signal to send" }],
  run: (session, args, flags) =>
    eachContainer(session, args, (path) =>
      session.client.text("POST", `${path}/kill`, { query: { signal: flags.string("signal") } }),
    ),
};
