import { dirname, join } from "node:path";
import { Failure } from "../../cli/failure.ts";
import type { Verb } from "../../cli/verb.ts";

export const daemonLogs: Verb = {
  name: "daemon logs",
  summary: "Print the daemon's log",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    { name: "tail", short: "n", kind: "string", default: "100", summary: "Number of lines from the end, or all" },
  ],
  async run(session, _args, flags) {
    const file = Bun.file(join(dirname(session.endpoint.socketPath), "daemon.log"));
    if (!(await file.exists()))
      throw new Failure("Cannot print the daemon's log: the daemon was never started from here");
    const lines = (await file.text()).trimEnd().split("\n");
    const tail = flags.string("tail") === "all" ? lines.length : flags.integer("tail");
    void session.out.write(`${lines.slice(-(tail || lines.length)).join("\n")}\n`);
    return 0;
  },
};
