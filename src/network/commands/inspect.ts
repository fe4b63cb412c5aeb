import { inspectAll } from "../../cli/inspect.ts";
import { anyNumber, formatFlag, type Verb } from "../../cli/verb.ts";

export const networkInspect: Verb = {
  name: "network inspect",
  summary: "Show all about networks",
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  args: { min: 1, max: anyNumber },
  flags: [{ ...formatFlag, short: "f" }],
  run: (session, names, flags) =>
    inspectAll(session, names, flags.string("format"), (name) =>
      session.client.json("GET", `/networks/${encodeURIComponent(name)}`),
    ),
};
