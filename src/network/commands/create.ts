import type { Verb } from "../../cli/verb.ts";

/** What the daemon says of it is the answer: it has the predefined networks only. */
export const networkCreate: Verb = {
  name: "network create",
  summary: "Create a network",
  usage: "[OPTIONS] NETWORK",
  args: { min: 1, max: 1 },
  flags: [
    { name: "driver", short: "d", kind: "string", default: "bridge", summary: "Network driver" },
    { name: "internal", kind: "bool", summary: "No way out of the network" },
    { name: "attachable", kind: "bool", summary: "Containers may be attached by hand" },
    { name: "ipv4", kind: "bool", default: "true", summary: "Give IPv4 addresses" },
    { name: "ipv6", kind: "bool", summary: "Give IPv6 addresses" },
    { name: "subnet", kind: "list", summary: "Subnet (172.30.0.0/16)" },
    { name: "ip-range", kind: "list", summary: "Range of the subnet that containers get" },
    { name: "gateway", kind: "list", summary: "Gateway of the subnet" },
    { name: "label", kind: "list", summary: "Set a label (key=value)" },
    { name: "opt", short: "o", kind: "list", summary: "Set a driver option (key=value)" },
  ],
  async run(session, [Name = ""], flags) {
    const subnets = flags.list("subnet");
    const ranges = flags.list("ip-range");
    const gateways = flags.list("gateway");
    const { Id } = await session.client.json<{ Id: string }>("POST", "/networks/create", {
      json: {
        Name,
        Driver: flags.string("driver"),
        Internal: flags.bool("internal"),
        Attachable: flags.bool("attachable"),
        EnableIPv4: flags.bool("ipv4"),
        EnableIPv6: flags.bool("ipv6"),
        IPAM: {
          Driver: "default",
          Config: subnets.map((Subnet, index) => ({
            Subnet,
            ...(ranges[index] === undefined ? {} : { IPRange: ranges[index] }),
            ...(gateways[index] === undefined ? {} : { Gateway: gateways[index] }),
          })),
        },
        Labels: pairs(flags.list("label")),
        Options: pairs(flags.list("opt")),
      },
    });
    session.out.line(Id);
    return 0;
  },
};

function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
