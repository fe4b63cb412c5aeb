import { confirm } from "../../cli/confirm.ts";
import { shortSize } from "../../cli/sizes.ts";
import { forceFlag, type Verb } from "../../cli/verb.ts";
import type { PruneBody } from "../schema.ts";

export const registryPrune: Verb = {
  name: "registry prune",
  summary: "Remove pushed blobs that no manifest names, and uploads that nobody finished",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    {
      ...{ name: "older-than", kind: "string", default: "24h", placeholder: "duration" },
      summary: "Leave what came later: it may belong to a push that is under way",
    },
    forceFlag,
  ],
  async run(session, _args, flags) {
    const olderThan = flags.string("older-than") ?? "24h";
    const warning = `This will remove blobs and uploads older than ${olderThan} that no manifest in the registry names.`;
    if (!flags.bool("force") && !(await confirm(session, warning))) return 0;
    const pruned = await session.client.json<PruneBody>("POST", "/hbx/v1/registry/prune", { query: { olderThan } });
    session.out.line(`Removed ${pruned.Blobs} blobs and ${pruned.Uploads} uploads`);
    session.out.line(`Total reclaimed space: ${shortSize(pruned.SpaceReclaimed)}`);
    return 0;
  },
};
