import { printList } from "../../cli/format-list.ts";
import { formatFlag, quietFlag, type Verb } from "../../cli/verb.ts";
import type { ServerBody } from "../schema.ts";

const headings = {
  Address: "ADDRESS",
  Url: "URL",
  State: "STATE",
  Auth: "CREDENTIALS",
  Tls: "TLS",
  ReadOnly: "READ ONLY",
  AnonymousRead: "ANONYMOUS READ",
  LocalImages: "LOCAL IMAGES",
  Kept: "KEPT",
  Error: "ERROR",
};

export const registryList: Verb = {
  name: "registry ls",
  summary: "List the registry servers of this daemon",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [formatFlag, { ...quietFlag, summary: "Print only addresses" }],
  async run(session, _args, flags) {
    const rows = await session.client.json<ServerBody[]>("GET", "/hbx/v1/registry/servers");
    const columns = ["Url", "State", "Auth", "ReadOnly", "Kept", "Error"];
    printList(session, flags, { rows, headings, columns, quiet: "Address" });
    return 0;
  },
};
