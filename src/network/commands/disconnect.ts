import { forceFlag, type Verb } from "../../cli/verb.ts";

export const networkDisconnect: Verb = {
  name: "network disconnect",
  summary: "Disconnect a container from a network",
  usage: "[OPTIONS] NETWORK CONTAINER",
  args: { min: 2, max: 2 },
  flags: [{ ...forceFlag, summary: "Though the container is in use" }],
  async run(session, [network = "", Container = ""], flags) {
    await session.client.text("POST", `/networks/${encodeURIComponent(network)}/disconnect`, {
      json: { Container, Force: flags.bool("force") },
    });
    return 0;
  },
};
