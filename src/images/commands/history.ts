import { type Fields, printList } from "../../cli/format-list.ts";
import { humanDuration } from "../../cli/relative-time.ts";
import { shortSize } from "../../cli/sizes.ts";
import { formatFlag, noTruncFlag, quietFlag, type Verb } from "../../cli/verb.ts";

type Entry = { Id: string; Created: number; CreatedBy: string; Size: number; Comment: string };

const headings = {
  ID: "IMAGE",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  CreatedBy: "CREATED BY",
  Size: "SIZE",
  Comment: "COMMENT",
};

export const history: Verb = {
  name: "history",
  summary: "Show how an image came to be",
  usage: "[OPTIONS] IMAGE",
  args: { min: 1, max: 1 },
  flags: [
    formatFlag,
    { name: "human", short: "H", kind: "bool", default: "true", summary: "Print sizes and dates for people" },
    noTruncFlag,
    quietFlag,
  ],
  async run(session, [name = ""], flags) {
    const entries = await session.client.json<Entry[]>("GET", `/images/${name}/history`);
    const full = flags.bool("no-trunc");
    const human = flags.bool("human");
    const rows: Fields[] = entries.map((entry) => {
      const by = entry.CreatedBy.replaceAll("\t", " ");
      const at = new Date(entry.Created * 1000).toISOString().replace(".000Z", "Z");
      return {
        ID: full ? entry.Id : entry.Id.replace(/^sha256:/, "").slice(0, 12),
        CreatedSince: human ? `${humanDuration(Date.now() / 1000 - entry.Created)} ago` : at,
        CreatedAt: at,
        CreatedBy: full || by.length <= 45 ? by : `${by.slice(0, 44)}…`,
        Size: human ? shortSize(entry.Size) : String(entry.Size),
        Comment: entry.Comment,
      };
    });
    printList(session, flags, {
      rows,
      headings,
      columns: ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"],
      quiet: "ID",
    });
    return 0;
  },
};
