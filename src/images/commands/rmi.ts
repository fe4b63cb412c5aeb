import { reportFailure } from "../../cli/report-failure.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";

type Change = { Untagged?: string; Deleted?: string };

export const rmi: Verb = {
  name: "rmi",
  summary: "Remove images",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  args: { min: 1, max: anyNumber },
  flags: [
    { name: "force", short: "f", kind: "bool", summary: "Remove it though stopped containers use it" },
    { name: "no-prune", kind: "bool", summary: "Keep untagged parents" },
  ],
  async run(session, names, flags) {
    let code = 0;
    for (const name of names) {
      try {
        const query = { force: flags.bool("force"), noprune: flags.bool("no-prune") };
        const changes = await session.client.json<Change[]>("DELETE", `/images/${name}`, { query });
        for (const { Untagged, Deleted } of changes) {
          session.out.line(Untagged === undefined ? `Deleted: ${Deleted}` : `Untagged: ${Untagged}`);
        }
      } catch (error) {
        code = reportFailure(error, session.err);
      }
    }
    return code;
  },
};
