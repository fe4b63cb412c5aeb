import { renderOne } from "../../cli/format-list.ts";
import { formatFlag, type Verb } from "../../cli/verb.ts";
import { runningDaemon } from "./running.ts";

type Daemon = { Pid: number; Home: string; Run: string; StartedAt: string };

/** Exit code for "it does not run", as service managers have it. */
const notRunning = 3;

export const daemonStatus: Verb = {
  name: "daemon status",
  summary: "Say whether the daemon runs",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [formatFlag],
  async run(session, _args, flags) {
    const client = await runningDaemon(session);
    if (client === null) {
      session.out.line("the daemon does not run");
      return notRunning;
    }
    const daemon = await client.json<Daemon>("GET", "/hbx/v1/daemon");
    client.close();
    const format = flags.string("format");
    if (format !== undefined) session.out.line(renderOne(format, daemon));
    else
      session.out.line(
        `daemon ${daemon.Pid} runs since ${daemon.StartedAt}\nhome: ${daemon.Home}\nrun:  ${daemon.Run}`,
      );
    return 0;
  },
};
