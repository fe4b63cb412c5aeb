import { reportFailure } from "../../cli/report-failure.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";

export const registryStop: Verb = {
  name: "registry stop",
  summary: "Stop registry servers; what was pushed stays",
  usage: "ADDRESS [ADDRESS...]",
  args: { min: 1, max: anyNumber },
  flags: [],
  examples: ["hbx registry stop 127.0.0.1:5000", "hbx registry stop 5000"],
  async run(session, addresses) {
    let code = 0;
    for (const address of addresses) {
      try {
        await session.client.text("DELETE", `/hbx/v1/registry/servers/${encodeURIComponent(address)}`);
        session.out.line(address);
      } catch (error) {
        code = reportFailure(error, session.err);
      }
    }
    return code;
  },
};
