import type { Verb } from "../../cli/verb.ts";
import { pairs } from "./pairs.ts";
import { planIpam } from "./plan-ipam.ts";

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
    { name: "aux-address", kind: "list", summary: "Address of the subnet that is somebody else's (name=address)" },
    { name: "ipam-driver", kind: "string", default: "default", summary: "Who gives out addresses", hidden: true },
    { name: "ipam-opt", kind: "list", summary: "Option for that", hidden: true },
    { name: "config-only", kind: "bool", summary: "", refused: "every network says its own configuration" },
    { name: "config-from", kind: "string", summary: "", refused: "every network says its own configuration" },
    { name: "ingress", kind: "bool", summary: "", refused: "there is no cluster" },
    { name: "scope", kind: "string", summary: "Scope of the network", hidden: true },
    { name: "label", kind: "list", summary: "Set a label (key=value)" },
    { name: "opt", short: "o", kind: "list", summary: "Set a driver option (key=value)" },
  ],
  async run(session, [Name = ""], flags) {
    const { Id, Warning } = await session.client.json<{ Id: string; Warning?: string }>("POST", "/networks/create", {
      json: {
        Name,
        Driver: flags.string("driver"),
        Internal: flags.bool("internal"),
        Attachable: flags.bool("attachable"),
        EnableIPv4: flags.bool("ipv4"),
        EnableIPv6: flags.bool("ipv6"),
        ...(flags.has("scope") ? { Scope: flags.string("scope") } : {}),
        IPAM: {
          Driver: flags.string("ipam-driver"),
          Options: pairs(flags.list("ipam-opt")),
          Config: planIpam({
            subnets: flags.list("subnet"),
            ranges: flags.list("ip-range"),
            gateways: flags.list("gateway"),
            aux: pairs(flags.list("aux-address")),
          }),
        },
        Labels: pairs(flags.list("label")),
        Options: pairs(flags.list("opt")),
      },
    });
    if (Warning) session.err.line(`WARNING: ${Warning}`);
    session.out.line(Id);
    return 0;
  },
};
