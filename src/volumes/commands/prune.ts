import { confirm } from "../../cli/confirm.ts";
import { encodeFilters } from "../../cli/filters.ts";
import { shortSize } from "../../cli/sizes.ts";
import { forceFlag, type Verb } from "../../cli/verb.ts";

type Pruned = { VolumesDeleted: string[] | null; SpaceReclaimed: number };

export const volumePrune: Verb = {
  name: "volume prune",
  summary: "Remove volumes that no container uses",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    { name: "all", short: "a", kind: "bool", summary: "Named ones too, not only anonymous ones" },
    { name: "filter", kind: "list", summary: "Remove only what matches (label=…)" },
    forceFlag,
  ],
  async run(session, _args, flags) {
    const which = flags.bool("all") ? "all local volumes" : "anonymous local volumes";
    const warning = `This will remove ${which} not used by at least one container.`;
    if (!flags.bool("force") && !(await confirm(session, warning))) return 0;
    const filters = encodeFilters([...flags.list("filter"), ...(flags.bool("all") ? ["all=1"] : [])]);
    const pruned = await session.client.json<Pruned>("POST", "/volumes/prune", { query: { filters } });
    const gone = pruned.VolumesDeleted ?? [];
    if (gone.length > 0) session.out.line(`Deleted Volumes:\n${gone.join("\n")}\n`);
    session.out.line(`Total reclaimed space: ${shortSize(pruned.SpaceReclaimed)}`);
    return 0;
  },
};
