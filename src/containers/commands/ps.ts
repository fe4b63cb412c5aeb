import { encodeFilters } from "../../cli/filters.ts";
import { printList } from "../../cli/format-list.ts";
import { filterFlag, formatFlag, noTruncFlag, quietFlag, type Verb } from "../../cli/verb.ts";
import { headings, listRow, type Summary } from "./list-row.ts";

const columns = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];

export const ps: Verb = {
  name: "ps",
  summary: "List containers",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    { name: "all", short: "a", kind: "bool", summary: "Show stopped containers too" },
    { name: "last", short: "n", kind: "string", summary: "Show the last n created" },
    { name: "latest", short: "l", kind: "bool", summary: "Show the last created" },
    filterFlag,
    formatFlag,
    noTruncFlag,
    quietFlag,
    { name: "size", short: "s", kind: "bool", summary: "Show the sizes of their files" },
  ],
  async run(session, _args, flags) {
    const full = flags.bool("no-trunc");
    const last = flags.bool("latest") ? 1 : flags.integer("last");
    const sized = flags.bool("size");
    const summaries = await session.client.json<Summary[]>("GET", "/containers/json", {
      query: {
        all: flags.bool("all"),
        limit: last !== undefined && last > 0 ? last : undefined,
        // A size costs a walk over the files: it is measured only where it will be seen.
        size: sized || /\{\{[^}]*\.Size\b/.test(flags.string("format") ?? "") || undefined,
        filters: encodeFilters(flags.list("filter")),
      },
    });
    const nowSec = Date.now() / 1000;
    printList(session, flags, {
      rows: summaries.map((summary) => listRow(summary, { full, nowSec })),
      headings,
      columns: sized ? [...columns, "Size"] : columns,
      quiet: "ID",
    });
    return 0;
  },
};
