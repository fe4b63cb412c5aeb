import { confirm } from "../../cli/confirm.ts";
import { encodeFilters } from "../../cli/filters.ts";
import { forceFlag, type Verb } from "../../cli/verb.ts";

export const networkPrune: Verb = {
  name: "network prune",
  summary: "Remove networks that no container uses",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [{ name: "filter", kind: "list", summary: "Remove only what matches (label=…, until=…)" }, forceFlag],
  async run(session, _args, flags) {
    const warning = "This will remove all custom networks not used by at least one container.";
    if (!flags.bool("force") && !(await confirm(session, warning))) return 0;
    const query = { filters: encodeFilters(flags.list("filter")) };
    const pruned = await session.client.json<{ NetworksDeleted: string[] | null }>("POST", "/networks/prune", {
      query,
    });
    const gone = pruned.NetworksDeleted ?? [];
    if (gone.length > 0) session.out.line(`Deleted Networks:\n${gone.join("\n")}`);
    return 0;
  },
};
