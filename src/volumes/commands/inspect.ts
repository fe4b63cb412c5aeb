import { inspectAll } from "../../cli/inspect.ts";
import { anyNumber, formatFlag, type Verb } from "../../cli/verb.ts";

export const volumeInspect: Verb = {
  name: "volume inspect",
  summary: "Show all about volumes",
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  args: { min: 1, max: anyNumber },
  flags: [{ ...formatFlag, short: "f" }],
  run: (session, names, flags) =>
    inspectAll(session, names, flags.string("format"), (name) =>
      session.client.json("GET", `/volumes/${encodeURIComponent(name)}`),
    ),
};
