import type { Verb } from "../../cli/verb.ts";

type Daemon = { Pid: number; Home: string };

export const daemonStart: Verb = {
  name: "daemon start",
  summary: "Start the daemon, if it does not run yet",
  usage: "",
  args: { min: 0, max: 0 },
  flags: [],
  async run(session) {
    const { Pid, Home } = await session.client.json<Daemon>("GET", "/hbx/v1/daemon");
    session.out.line(`daemon ${Pid} serves ${Home}`);
    return 0;
  },
};
