import type { Flag } from "../../../cli/verb.ts";
import type { FlagGroup } from "./body.ts";
import { parsePublish } from "./parse-publish.ts";
import { invalid } from "./sizes.ts";

const endpoint: [string, string][] = [
  ["ip", "IPv4Address"],
  ["ip6", "IPv6Address"],
];
const hostLists: [string, string, string][] = [
  ["dns", "Dns", "Name server"],
  ["dns-search", "DnsSearch", "Search domain"],
  ["dns-option", "DnsOptions", "Resolver option"],
  ["add-host", "ExtraHosts", "Add a name to /etc/hosts (name:ip)"],
];

export const network: FlagGroup = {
  flags: [
    { name: "network", kind: "list", summary: "Network: bridge, none, host, container:NAME" },
    { name: "net", kind: "list", summary: "Same as --network", hidden: true },
    { name: "publish", short: "p", kind: "list", summary: "Publish a port ([IP:]HOST:CONTAINER[/udp])" },
    { name: "publish-all", short: "P", kind: "bool", summary: "Publish all exposed ports" },
    { name: "expose", kind: "list", summary: "Say that a port is used" },
    ...hostLists.map(([name, , summary]): Flag => ({ name, kind: "list", summary })),
    { name: "network-alias", kind: "list", summary: "Another name in the network" },
    { name: "net-alias", kind: "list", summary: "Same as --network-alias", hidden: true },
    { name: "mac-address", kind: "string", summary: "MAC address" },
    { name: "ip", kind: "string", summary: "IPv4 address" },
    { name: "ip6", kind: "string", summary: "IPv6 address" },
    {
      name: "link",
      kind: "list",
      summary: "",
      refused: "links are history; containers of one network find each other by name",
    },
    { name: "link-local-ip", kind: "list", summary: "", refused: "link-local addresses are not supported" },
  ],
  apply(body, flags) {
    const host = body.HostConfig;
    const named = [...flags.list("network"), ...flags.list("net")];
    if (named.length > 1) throw invalid("network", named.join(", "), "only one network is supported");
    const mode = named[0] ?? "default";
    if (mode.includes("=")) throw invalid("network", mode, "give a name only");
    host["NetworkMode"] = mode;
    for (const [name, key] of hostLists) if (flags.has(name)) host[key] = flags.list(name);
    const { exposed, bindings } = parsePublish(flags.list("publish"), flags.list("expose"));
    if (Object.keys(exposed).length > 0) body["ExposedPorts"] = exposed;
    if (Object.keys(bindings).length > 0) host["PortBindings"] = bindings;
    host["PublishAllPorts"] = flags.bool("publish-all");
    const settings: Record<string, unknown> = {};
    const aliases = [...flags.list("network-alias"), ...flags.list("net-alias")];
    if (aliases.length > 0) settings["Aliases"] = aliases;
    if (flags.has("mac-address")) settings["MacAddress"] = flags.string("mac-address");
    const ipam = Object.fromEntries(
      endpoint.filter(([name]) => flags.has(name)).map(([name, key]) => [key, flags.string(name)]),
    );
    if (Object.keys(ipam).length > 0) settings["IPAMConfig"] = ipam;
    if (Object.keys(settings).length > 0) body.NetworkingConfig.EndpointsConfig[mode] = settings;
  },
};
