import { reportFailure } from "../../cli/report-failure.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";

export const wait: Verb = {
  name: "wait",
  summary: "Wait until containers stop, then print their exit codes",
  usage: "CONTAINER [CONTAINER...]",
  args: { min: 1, max: anyNumber },
  flags: [],
  async run(session, args) {
    let code = 0;
    for (const name of args) {
      try {
        const path = `/containers/${encodeURIComponent(name)}/wait`;
        session.out.line(String((await session.client.json<{ StatusCode: number }>("POST", path)).StatusCode));
      } catch (error) {
        code = reportFailure(error, session.err);
      }
    }
    return code;
  },
};
