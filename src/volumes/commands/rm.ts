import { reportFailure } from "../../cli/report-failure.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";

export const volumeRemove: Verb = {
  name: "volume rm",
  summary: "Remove volumes",
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  args: { min: 1, max: anyNumber },
  flags: [{ name: "force", short: "f", kind: "bool", summary: "No complaint about those that do not exist" }],
  async run(session, names, flags) {
    let code = 0;
    for (const name of names) {
      try {
        const query = { force: flags.bool("force") };
        await session.client.text("DELETE", `/volumes/${encodeURIComponent(name)}`, { query });
        session.out.line(name);
      } catch (error) {
        code = reportFailure(error, session.err);
      }
    }
    return code;
  },
};
