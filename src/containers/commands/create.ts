import { anyNumber, type Verb } from "../../cli/verb.ts";
import { createContainer, createFlags, planCreate } from "./create/index.ts";

export const create: Verb = {
  name: "create",
  summary: "Create a new container",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  args: { min: 1, max: anyNumber },
  interspersed: false,
  flags: createFlags,
  async run(session, args, flags) {
    session.out.line(await createContainer(session, await planCreate(args, flags, session), flags));
    return 0;
  },
};
