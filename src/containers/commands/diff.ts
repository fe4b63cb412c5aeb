import { printList } from "../../cli/format-list.ts";
import { formatFlag, type Verb } from "../../cli/verb.ts";

type Change = { Path: string; Kind: 0 | 1 | 2 };

const letters = ["C", "A", "D"] as const;
const headings = { Type: "CHANGE TYPE", Path: "PATH" };

export const diff: Verb = {
  name: "diff",
  summary: "Show which files a container changed (C), added (A) and deleted (D)",
  usage: "[OPTIONS] CONTAINER",
  args: { min: 1, max: 1 },
  flags: [formatFlag],
  async run(session, [name = ""], flags) {
    const path = `/containers/${encodeURIComponent(name)}/changes`;
    const changes = (await session.client.json<Change[] | null>("GET", path)) ?? [];
    const rows = changes.map(({ Kind, Path }) => ({ Type: letters[Kind], Path }));
    if (flags.has("format")) printList(session, flags, { rows, headings, columns: ["Type", "Path"] });
    else void session.out.write(rows.map(({ Type, Path }) => `${Type} ${Path}\n`).join(""));
    return 0;
  },
};
