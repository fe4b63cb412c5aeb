import { anyNumber, type Verb } from "../../cli/verb.ts";
import { eachContainer } from "./each-container.ts";

export const rm: Verb = {
  name: "rm",
  summary: "Remove containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: { min: 1, max: anyNumber },
  flags: [
    { name: "force", short: "f", kind: "bool", summary: "Kill it if it runs" },
    { name: "volumes", short: "v", kind: "bool", summary: "Remove its anonymous volumes" },
    { name: "link", short: "l", kind: "bool", summary: "", refused: "links are not supported" },
  ],
  run: (session, args, flags) =>
    eachContainer(session, args, (path) =>
      session.client.text("DELETE", path, { query: { force: flags.bool("force"), v: flags.bool("volumes") } }),
    ),
};
