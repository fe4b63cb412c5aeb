import { confirm } from "../../cli/confirm.ts";
import { encodeFilters } from "../../cli/filters.ts";
import { shortSize } from "../../cli/sizes.ts";
import { forceFlag, type Verb } from "../../cli/verb.ts";

type Pruned = { ContainersDeleted: string[] | null; SpaceReclaimed: number };

export const containerPrune: Verb = {
  name: "container prune",
  summary: "Remove all stopped containers",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [{ name: "filter", kind: "list", summary: "Remove only what matches (label=…, until=…)" }, forceFlag],
  async run(session, _args, flags) {
    if (!flags.bool("force") && !(await confirm(session, "This will remove all stopped containers."))) return 0;
    const filters = encodeFilters(flags.list("filter"));
    const pruned = await session.client.json<Pruned>("POST", "/containers/prune", { query: { filters } });
    const gone = pruned.ContainersDeleted ?? [];
    if (gone.length > 0) session.out.line(`Deleted Containers:\n${gone.join("\n")}\n`);
    session.out.line(`Total reclaimed space: ${shortSize(pruned.SpaceReclaimed)}`);
    return 0;
  },
};
