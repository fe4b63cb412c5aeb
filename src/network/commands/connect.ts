import type { Verb } from "../../cli/verb.ts";

export const networkConnect: Verb = {
  name: "network connect",
  summary: "Connect a container to a network",
  usage: "[OPTIONS] NETWORK CONTAINER",
  args: { min: 2, max: 2 },
  flags: [
    { name: "alias", kind: "list", summary: "Another name of the container there" },
    { name: "ip", kind: "string", summary: "IPv4 address" },
    { name: "ip6", kind: "string", summary: "IPv6 address" },
  ],
  async run(session, [network = "", Container = ""], flags) {
    const addresses = { IPv4Address: flags.string("ip"), IPv6Address: flags.string("ip6") };
    await session.client.text("POST", `/networks/${encodeURIComponent(network)}/connect`, {
      json: { Container, EndpointConfig: { Aliases: flags.list("alias"), IPAMConfig: addresses } },
    });
    return 0;
  },
};
