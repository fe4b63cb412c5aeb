import { anyNumber, type Verb } from "../../cli/verb.ts";
import { eachContainer } from "./each-container.ts";

export const restart: Verb = {
  name: "restart",
  summary: "Restart containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: { min: 1, max: anyNumber },
  flags: [
    { name: "signal", short: "s", kind: "string", summary: "Signal to send" },
    { name: "timeout", short: "t", kind: "string", summary: "Seconds to wait before it is killed" },
    { name: "time", kind: "string", summary: "Same as --timeout", hidden: true },
  ],
  run: (session, args, flags) =>
    eachContainer(session, args, (path) =>
      session.client.text("POST", `${path}/restart`, {
        query: { signal: flags.string("signal"), t: flags.integer("timeout") ?? flags.integer("time") },
      }),
    ),
};
