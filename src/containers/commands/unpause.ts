import { anyNumber, type Verb } from "../../cli/verb.ts";
import { eachContainer } from "./each-container.ts";

export const unpause: Verb = {
  name: "unpause",
  summary: "Let paused containers go on",
  usage: "CONTAINER [CONTAINER...]",
  args: { min: 1, max: anyNumber },
  flags: [],
  run: (session, args, _flags) =>
    eachContainer(session, args, (path) => session.client.text("POST", `${path}/unpause`)),
};
