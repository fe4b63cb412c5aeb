import { printList } from "../../cli/format-list.ts";
import { formatFlag, type Verb } from "../../cli/verb.ts";

type Change = { Path: string; Kind: 0 | 1 | 2 };

const letters = ["C", "A", "D"] as const;
const headings = { Type: "CHANGE TYPE", Path: "PATH" };

export const imageDiff: Verb = {
  name: "image diff",
  summary: "Show which files differ between two images: changed (C), added (A) and deleted (D)",
  usage: "[OPTIONS] FROM TO",
  args: { min: 2, max: 2 },
  flags: [
    formatFlag,
    { name: "platform", kind: "string", summary: "Refuse images for another platform (os/architecture)" },
  ],
  async run(session, [from = "", to = ""], flags) {
    const query = new URLSearchParams({ from, to });
    const platform = flags.string("platform");
    if (platform) query.set("platform", platform);
    const changes = await session.client.json<Change[]>("GET", `/hbx/v1/images/diff?${query}`);
    const rows = changes.map(({ Kind, Path }) => ({ Type: letters[Kind], Path }));
    if (flags.has("format")) printList(session, flags, { rows, headings, columns: ["Type", "Path"] });
    else void session.out.write(rows.map(({ Type, Path }) => `${Type} ${Path}\n`).join(""));
    return 0;
  },
};
