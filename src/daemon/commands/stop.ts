import { Failure } from "../../cli/failure.ts";
import type { Verb } from "../../cli/verb.ts";
import { runningDaemon } from "./running.ts";

/** Containers get ten seconds to end by themselves, many of them at once. */
const patienceMs = 60_000;
const pollMs = 5;

export const daemonStop: Verb = {
  name: "daemon stop",
  summary: "Stop the daemon; containers run on unless --stop-containers is given",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [{ name: "stop-containers", kind: "bool", summary: "Stop every container first" }],
  async run(session, _args, flags) {
    const client = await runningDaemon(session);
    if (client === null) {
      session.out.line("the daemon does not run");
      return 0;
    }
    const { Pid } = await client.json<{ Pid: number }>("GET", "/hbx/v1/daemon");
    await client.text("POST", "/hbx/v1/daemon/stop", { query: { containers: flags.bool("stop-containers") } });
    client.close();
    const deadline = performance.now() + patienceMs;
    while (isAlive(Pid)) {
      if (performance.now() > deadline)
        throw new Failure(`Cannot stop the daemon: process ${Pid} still runs`, { hint: "`hbx daemon logs` says why" });
      await Bun.sleep(pollMs);
    }
    session.out.line(`daemon ${Pid} stopped`);
    return 0;
  },
};

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
