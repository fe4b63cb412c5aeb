import { anyNumber, type Verb } from "../../cli/verb.ts";
import { eachContainer } from "./each-container.ts";

export const pause: Verb = {
  name: "pause",
  summary: "Pause all processes of containers",
  usage: "CONTAINER [CONTAINER...]",
  args: { min: 1, max: anyNumber },
  flags: [],
  run: (session, args, _flags) => eachContainer(session, args, (path) => session.client.text("POST", `${path}/pause`)),
};
