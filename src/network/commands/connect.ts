import { Failure } from "../../cli/failure.ts";
import type { Verb } from "../../cli/verb.ts";
import { pairs } from "./pairs.ts";

export const networkConnect: Verb = {
  name: "network connect",
  summary: "Connect a container to a network",
  usage: "[OPTIONS] NETWORK CONTAINER",
  args: { min: 2, max: 2 },
  flags: [
    { name: "alias", kind: "list", summary: "Another name of the container there" },
    { name: "ip", kind: "string", summary: "IPv4 address" },
    { name: "ip6", kind: "string", summary: "IPv6 address" },
    { name: "link-local-ip", kind: "list", summary: "Link-local address" },
    { name: "gw-priority", kind: "string", summary: "The network with the highest one is the way out" },
    { name: "driver-opt", kind: "list", summary: "Option of the driver (key=value)" },
    {
      name: "link",
      kind: "list",
      summary: "",
      refused: "links are history; containers of one network find each other by name",
    },
  ],
  async run(session, [network = "", Container = ""], flags) {
    const priority = flags.string("gw-priority");
    if (priority !== undefined && !/^-?\d{1,9}$/.test(priority))
      throw new Failure(`invalid gw-priority ${JSON.stringify(priority)}: a number is expected`, { exitCode: 125 });
    const more = {
      ...(priority === undefined ? {} : { GwPriority: Number(priority) }),
      ...(flags.has("driver-opt") ? { DriverOpts: pairs(flags.list("driver-opt")) } : {}),
    };
    const addresses = {
      LinkLocalIPs: flags.list("link-local-ip"),
      IPv4Address: flags.string("ip"),
      IPv6Address: flags.string("ip6"),
    };
    await session.client.text("POST", `/networks/${encodeURIComponent(network)}/connect`, {
      json: { Container, EndpointConfig: { ...more, Aliases: flags.list("alias"), IPAMConfig: addresses } },
    });
    return 0;
  },
};
