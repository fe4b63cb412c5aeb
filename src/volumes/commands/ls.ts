import { encodeFilters } from "../../cli/filters.ts";
import { printList } from "../../cli/format-list.ts";
import { filterFlag, formatFlag, quietFlag, type Verb } from "../../cli/verb.ts";

type Volume = {
  Name: string;
  Driver: string;
  Mountpoint: string;
  Scope: string;
  Labels: Record<string, string> | null;
};

const headings = { Driver: "DRIVER", Name: "VOLUME NAME", Mountpoint: "MOUNTPOINT", Scope: "SCOPE", Labels: "LABELS" };

export const volumeList: Verb = {
  name: "volume ls",
  summary: "List volumes",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [filterFlag, formatFlag, quietFlag],
  async run(session, _args, flags) {
    const query = { filters: encodeFilters(flags.list("filter")) };
    const { Volumes } = await session.client.json<{ Volumes: Volume[] | null }>("GET", "/volumes", { query });
    const rows = (Volumes ?? [])
      .sort((a, b) => (a.Name < b.Name ? -1 : 1))
      .map(({ Labels, ...volume }) => ({
        ...volume,
        Labels: Object.entries(Labels ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .join(","),
        Label: (name: unknown) => Labels?.[String(name)] ?? "",
      }));
    printList(session, flags, { rows, headings, columns: ["Driver", "Name"], quiet: "Name" });
    return 0;
  },
};
