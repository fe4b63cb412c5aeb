import { encodeFilters } from "../../cli/filters.ts";
import { type Fields, printList } from "../../cli/format-list.ts";
import { authHeader } from "../../cli/registry/credentials.ts";
import { filterFlag, formatFlag, noTruncFlag, type Verb } from "../../cli/verb.ts";

type Result = { name: string; description: string; star_count: number; is_official: boolean; is_automated: boolean };

const headings = {
  Name: "NAME",
  Description: "DESCRIPTION",
  StarCount: "STARS",
  IsOfficial: "OFFICIAL",
  IsAutomated: "AUTOMATED",
};

export const search: Verb = {
  name: "search",
  summary: "Search a registry for images",
  usage: "[OPTIONS] TERM",
  args: { min: 1, max: 1 },
  flags: [
    filterFlag,
    formatFlag,
    noTruncFlag,
    { name: "limit", kind: "string", placeholder: "N", summary: "At most so many results (1 to 100)" },
  ],
  examples: ["hbx search debian", "hbx search registry.example.com/python"],
  async run(session, [term = ""], flags) {
    const results = await session.client.json<Result[]>("GET", "/images/search", {
      query: { term, limit: flags.string("limit"), filters: encodeFilters(flags.list("filter")) },
      headers: await authHeader(session.env, term),
    });
    const full = flags.bool("no-trunc");
    const rows = results.map((result): Fields => {
      const text = result.description.replaceAll(/[\r\n\t]/g, " ");
      return {
        Name: result.name,
        Description: full || text.length <= 45 ? text : `${text.slice(0, 44)}…`,
        StarCount: String(result.star_count),
        IsOfficial: result.is_official ? "[OK]" : "",
        IsAutomated: result.is_automated ? "[OK]" : "",
      };
    });
    printList(session, flags, {
      rows,
      headings,
      columns: ["Name", "Description", "StarCount", "IsOfficial"],
      quiet: "Name",
    });
    return 0;
  },
};
