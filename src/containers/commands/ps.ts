import { Failure } from "../../cli/failure.ts";
import { encodeFilters } from "../../cli/filters.ts";
import { humanDuration } from "../../cli/relative-time.ts";
import { renderTable } from "../../cli/table.ts";
import { filterFlag, formatFlag, noTruncFlag, quietFlag, type Verb } from "../../cli/verb.ts";
import { type PortSummary, portList } from "./port-list.ts";

type Summary = {
  Id: string;
  Names: string[];
  Image: string;
  Command: string;
  Created: number;
  Status: string;
  Ports: PortSummary[];
};

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
  ],
  async run(session, _args, flags) {
    const format = flags.string("format");
    if (format !== undefined && format !== "json") {
      throw new Failure("Cannot use --format with a template: only json is supported", { hint: "use --format json" });
    }
    const containers = await session.client.json<Summary[]>("GET", "/containers/json", {
      query: {
        all: flags.bool("all"),
        limit: flags.bool("latest") ? 1 : flags.integer("last"),
        filters: encodeFilters(flags.list("filter")),
      },
    });
    const full = flags.bool("no-trunc");
    const id = (summary: Summary) => (full ? summary.Id : summary.Id.slice(0, 12));
    if (flags.bool("quiet")) for (const summary of containers) session.out.line(id(summary));
    else if (format === "json") for (const summary of containers) session.out.line(JSON.stringify(summary));
    else {
      const nowSec = Date.now() / 1000;
      const rows = containers.map((summary) => [
        id(summary),
        summary.Image,
        `"${full || summary.Command.length <= 20 ? summary.Command : `${summary.Command.slice(0, 19)}…`}"`,
        `${humanDuration(nowSec - summary.Created)} ago`,
        summary.Status,
        portList(summary.Ports),
        summary.Names.map((name) => name.replace(/^\//, "")).join(","),
      ]);
      void session.out.write(
        renderTable([["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"], ...rows]),
      );
    }
    return 0;
  },
};
