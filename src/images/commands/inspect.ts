import { inspectAll } from "../../cli/inspect.ts";
import { anyNumber, formatFlag, type Verb } from "../../cli/verb.ts";

export const imageInspect: Verb = {
  name: "image inspect",
  summary: "Show all about images",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  args: { min: 1, max: anyNumber },
  flags: [{ ...formatFlag, short: "f" }],
  run: (session, names, flags) =>
    inspectAll(session, names, flags.string("format"), (name) => session.client.json("GET", `/images/${name}/json`)),
};
