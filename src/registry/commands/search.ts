import { printList } from "../../cli/format-list.ts";
import { anyNumber, formatFlag, type Verb } from "../../cli/verb.ts";
import type { SearchBody } from "../schema.ts";

const headings = {
  Name: "NAME",
  Tag: "TAG",
  Platforms: "PLATFORMS",
  Packages: "PACKAGES",
  Digest: "DIGEST",
  Labels: "LABELS",
};

export const registrySearch: Verb = {
  name: "registry search",
  summary: "Search what was pushed and the images of this host",
  usage: "[OPTIONS] [WORD...]",
  args: { min: 0, max: anyNumber },
  flags: [
    { name: "name", kind: "string", summary: "Part of the repository's name" },
    { name: "tag", kind: "string", summary: "Tag" },
    { name: "label", kind: "list", summary: "Label of the image (key or key=value)" },
    { name: "platform", kind: "string", summary: "Platform (linux/amd64)" },
    { name: "package", kind: "list", summary: "Installed Debian or Alpine package (name or name=version)" },
    formatFlag,
  ],
  examples: ["hbx registry search nginx", "hbx registry search --package openssl=3.0.15-1~deb12u1"],
  async run(session, words, flags) {
    const query = {
      q: words.join(" "),
      name: flags.string("name"),
      tag: flags.string("tag"),
      label: flags.list("label"),
      platform: flags.string("platform"),
      package: flags.list("package"),
    };
    const { results, pending } = await session.client.json<SearchBody>("GET", "/hbx/v1/registry/search", { query });
    const rows = results.map(({ name, tag, platforms, packages, digest, labels }) => ({
      ...{ Name: name, Tag: tag, Digest: digest, Platforms: platforms.join(",") },
      Packages: packages.map((found) => `${found.name} ${found.version}`).join(", "),
      Labels: Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    }));
    const columns = ["Name", "Tag", "Platforms", ...(query.package.length > 0 ? ["Packages"] : [])];
    printList(session, flags, { rows, headings, columns });
    if (pending > 0) session.err.line(`${pending} layers are still being read: search again for what they hold`);
    return 0;
  },
};
