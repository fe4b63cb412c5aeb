import { encodeFilters } from "../../cli/filters.ts";
import { printList } from "../../cli/format-list.ts";
import { filterFlag, formatFlag, noTruncFlag, quietFlag, type Verb } from "../../cli/verb.ts";

type Network = {
  Id: string;
  Name: string;
  Driver: string;
  Scope: string;
  EnableIPv6: boolean;
  Internal: boolean;
  Created: string;
};

const headings = {
  ID: "NETWORK ID",
  Name: "NAME",
  Driver: "DRIVER",
  Scope: "SCOPE",
  IPv6: "IPV6",
  Internal: "INTERNAL",
  CreatedAt: "CREATED AT",
};

export const networkList: Verb = {
  name: "network ls",
  summary: "List networks",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [filterFlag, formatFlag, noTruncFlag, quietFlag],
  async run(session, _args, flags) {
    const query = { filters: encodeFilters(flags.list("filter")) };
    const networks = await session.client.json<Network[]>("GET", "/networks", { query });
    const rows = networks
      .sort((a, b) => (a.Name < b.Name ? -1 : 1))
      .map((network) => ({
        ID: flags.bool("no-trunc") ? network.Id : network.Id.slice(0, 12),
        Name: network.Name,
        Driver: network.Driver,
        Scope: network.Scope,
        IPv6: String(network.EnableIPv6),
        Internal: String(network.Internal),
        CreatedAt: network.Created,
      }));
    printList(session, flags, { rows, headings, columns: ["ID", "Name", "Driver", "Scope"], quiet: "ID" });
    return 0;
  },
};
