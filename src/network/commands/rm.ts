import { reportFailure } from "../../cli/report-failure.ts";
import { anyNumber, forceFlag, type Verb } from "../../cli/verb.ts";
import { ApiError } from "../../sdk/errors.ts";

export const networkRemove: Verb = {
  name: "network rm",
  summary: "Remove networks",
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  args: { min: 1, max: anyNumber },
  flags: [{ ...forceFlag, summary: "No complaint about those that do not exist" }],
  async run(session, names, flags) {
    let code = 0;
    for (const name of names) {
      try {
        await session.client.text("DELETE", `/networks/${encodeURIComponent(name)}`);
        session.out.line(name);
      } catch (error) {
        if (flags.bool("force") && error instanceof ApiError && error.status === 404) continue;
        code = reportFailure(error, session.err);
      }
    }
    return code;
  },
};
