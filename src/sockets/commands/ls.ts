import { printList } from "../../cli/format-list.ts";
import { formatFlag, quietFlag, type Verb } from "../../cli/verb.ts";
import type { SocketBody } from "../schema.ts";

const headings = {
  Name: "NAME",
  Path: "PATH",
  MaxContainers: "CONTAINERS",
  MaxVolumes: "VOLUMES",
  MaxMemory: "MEMORY",
  MaxNanoCpus: "NANOCPUS",
  MaxPids: "PIDS",
  Pull: "PULL",
  Publish: "PUBLISH",
};

export const socketList: Verb = {
  name: "socket ls",
  summary: "List filtered sockets",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [formatFlag, { ...quietFlag, summary: "Print only names" }],
  async run(session, _args, flags) {
    const rows = await session.client.json<SocketBody[]>("GET", "/hbx/v1/sockets");
    const columns = ["Name", "Path", "MaxContainers", "MaxMemory", "Pull", "Publish"];
    printList(session, flags, { rows, headings, columns, quiet: "Name" });
    return 0;
  },
};
