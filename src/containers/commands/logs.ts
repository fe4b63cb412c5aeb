import { parseTime } from "../../cli/parse-time.ts";
import type { Verb } from "../../cli/verb.ts";
import { demultiplex } from "../../sdk/demultiplex.ts";

export const logs: Verb = {
  name: "logs",
  summary: "Print the logs of a container",
  usage: "[OPTIONS] CONTAINER",
  args: { min: 1, max: 1 },
  flags: [
    { name: "follow", short: "f", kind: "bool", summary: "Go on with what comes" },
    { name: "tail", short: "n", kind: "string", summary: "Lines from the end", default: "all" },
    { name: "since", kind: "string", summary: "From a time (2026-01-02T13:23:37Z) or age (42m) on" },
    { name: "until", kind: "string", summary: "Up to a time or age" },
    { name: "timestamps", short: "t", kind: "bool", summary: "Print times" },
    { name: "details", kind: "bool", summary: "Print the log's extra attributes" },
  ],
  async run(session, [name = ""], flags) {
    const { client } = session;
    const path = `/containers/${encodeURIComponent(name)}`;
    const time = (flag: string) => {
      const text = flags.string(flag);
      return text === undefined ? undefined : parseTime(flag, text, Date.now());
    };
    const { Config } = await client.json<{ Config: { Tty: boolean } }>("GET", `${path}/json`);
    const { body } = await client.stream("GET", `${path}/logs`, {
      query: {
        stdout: true,
        stderr: true,
        follow: flags.bool("follow"),
        tail: flags.string("tail"),
        since: time("since"),
        until: time("until"),
        timestamps: flags.bool("timestamps"),
        details: flags.bool("details"),
      },
    });
    if (Config.Tty) for await (const chunk of body) await session.out.write(chunk);
    else await demultiplex(body, (stream, bytes) => (stream === "stdout" ? session.out : session.err).write(bytes));
    return 0;
  },
};
