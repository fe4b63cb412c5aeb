import { renderTable } from "../../cli/table.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";

type Top = { Titles: string[]; Processes: string[][] };

export const top: Verb = {
  name: "top",
  summary: "List the processes of a container",
  usage: "CONTAINER [ps OPTIONS]",
  args: { min: 1, max: anyNumber },
  interspersed: false,
  flags: [],
  async run(session, [name = "", ...psArgs], _flags) {
    const { Titles, Processes } = await session.client.json<Top>("GET", `/containers/${encodeURIComponent(name)}/top`, {
      query: { ps_args: psArgs.length > 0 ? psArgs.join(" ") : undefined },
    });
    void session.out.write(renderTable([Titles, ...Processes], 20));
    return 0;
  },
};
