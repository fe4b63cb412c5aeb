import { Failure } from "../../cli/failure.ts";
import type { Verb } from "../../cli/verb.ts";

export const rename: Verb = {
  name: "rename",
  summary: "Give a container another name",
  usage: "CONTAINER NEW_NAME",
  args: { min: 2, max: 2 },
  flags: [],
  async run(session, [name = "", next = ""]) {
    if (name.trim() === "" || next.trim() === "") throw new Failure("neither the old nor the new name may be empty");
    await session.client.text("POST", `/containers/${encodeURIComponent(name)}/rename`, { query: { name: next } });
    return 0;
  },
};
