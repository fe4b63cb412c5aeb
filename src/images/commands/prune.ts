import { confirm } from "../../cli/confirm.ts";
import { encodeFilters } from "../../cli/filters.ts";
import { shortSize } from "../../cli/sizes.ts";
import { forceFlag, type Verb } from "../../cli/verb.ts";

type Pruned = { ImagesDeleted: { Untagged?: string; Deleted?: string }[] | null; SpaceReclaimed: number };

export const imagePrune: Verb = {
  name: "image prune",
  summary: "Remove images that nothing uses",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    { name: "all", short: "a", kind: "bool", summary: "All that no container uses, not only those without a name" },
    { name: "filter", kind: "list", summary: "Remove only what matches (label=…, until=…)" },
    forceFlag,
  ],
  async run(session, _args, flags) {
    const all = flags.bool("all");
    const warning = all
      ? "This will remove all images without at least one container associated to them."
      : "This will remove all dangling images.";
    if (!flags.bool("force") && !(await confirm(session, warning))) return 0;
    const filters = encodeFilters([...flags.list("filter"), `dangling=${all ? "false" : "true"}`]);
    const pruned = await session.client.json<Pruned>("POST", "/images/prune", { query: { filters } });
    const gone = pruned.ImagesDeleted ?? [];
    if (gone.length > 0) session.out.line("Deleted Images:");
    for (const { Untagged, Deleted } of gone) {
      session.out.line(Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`);
    }
    session.out.line(`${gone.length > 0 ? "\n" : ""}Total reclaimed space: ${shortSize(pruned.SpaceReclaimed)}`);
    return 0;
  },
};
