import { encodeFilters } from "../../cli/filters.ts";
import { type Fields, printList } from "../../cli/format-list.ts";
import { humanDuration } from "../../cli/relative-time.ts";
import { shortSize } from "../../cli/sizes.ts";
import { filterFlag, formatFlag, noTruncFlag, quietFlag, type Verb } from "../../cli/verb.ts";

type Summary = {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Created: number;
  Size: number;
  SharedSize: number;
  Containers: number;
};

export const images: Verb = {
  name: "images",
  summary: "List images",
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  args: { min: 0, max: 1 },
  flags: [
    { name: "all", short: "a", kind: "bool", summary: "Show intermediate images too" },
    { name: "digests", kind: "bool", summary: "Show digests" },
    filterFlag,
    formatFlag,
    noTruncFlag,
    quietFlag,
    { name: "tree", kind: "bool", summary: "", refused: "images are listed flat" },
  ],
  async run(session, [reference], flags) {
    const texts = flags.list("filter");
    if (reference !== undefined) texts.push(`reference=${reference}`);
    const summaries = await session.client.json<Summary[]>("GET", "/images/json", {
      query: { all: flags.bool("all"), filters: encodeFilters(texts) },
    });
    const full = flags.bool("no-trunc");
    const rows = summaries.flatMap((summary) => rowsOf(summary, full));
    const columns = ["Repository", "Tag", ...(flags.bool("digests") ? ["Digest"] : []), "ID", "CreatedSince", "Size"];
    const quiet = flags.bool("quiet") ? [...new Map(rows.map((row) => [row["ID"], row])).values()] : rows;
    printList(session, flags, { rows: quiet, headings, columns, quiet: "ID" });
    return 0;
  },
};

const headings = {
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  Tag: "TAG",
  Digest: "DIGEST",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  Size: "SIZE",
  Containers: "CONTAINERS",
  VirtualSize: "SIZE",
  SharedSize: "SHARED SIZE",
  UniqueSize: "UNIQUE SIZE",
};

/** One row for each name of an image. */
function rowsOf(summary: Summary, full: boolean): Fields[] {
  const names = summary.RepoTags ?? [];
  const digests = summary.RepoDigests ?? [];
  const size = (bytes: number) => (bytes < 0 ? "N/A" : shortSize(bytes));
  const row = (repository: string, tag: string): Fields => ({
    ID: full ? summary.Id : summary.Id.replace(/^sha256:/, "").slice(0, 12),
    Repository: repository,
    Tag: tag,
    Digest: digests.find((digest) => digest.startsWith(`${repository}@`))?.split("@")[1] ?? "<none>",
    CreatedSince: summary.Created > 0 ? `${humanDuration(Date.now() / 1000 - summary.Created)} ago` : "N/A",
    CreatedAt: new Date(summary.Created * 1000).toISOString().replace("T", " ").replace(".000Z", " +0000 UTC"),
    Size: size(summary.Size),
    VirtualSize: size(summary.Size),
    SharedSize: size(summary.SharedSize),
    UniqueSize: summary.SharedSize < 0 ? "N/A" : size(summary.Size - summary.SharedSize),
    Containers: summary.Containers < 0 ? "N/A" : String(summary.Containers),
  });
  if (names.length === 0) return [row(digests[0]?.split("@")[0] ?? "<none>", "<none>")];
  return names.map((name) => {
    const at = name.lastIndexOf(":");
    return row(name.slice(0, at), name.slice(at + 1));
  });
}
