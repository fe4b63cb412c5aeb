import type { FlagValues } from "../../../cli/flag-values.ts";
import { invalid } from "../../../cli/parse-values.ts";
import type { Flag } from "../../../cli/verb.ts";
import type { FlagGroup } from "./body.ts";
import { parseNetwork } from "./parse-network.ts";
import { parsePublish } from "./parse-publish.ts";

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
    {
      name: "network",
      kind: "list",
      summary: "Network, or name=NETWORK[,alias=…][,ip=…][,ip6=…][,mac-address=…][,gw-priority=N]; may be repeated",
    },
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
    { name: "link-local-ip", kind: "list", summary: "Link-local address" },
  ],
  apply(body, flags) {
    const host = body.HostConfig;
    const named = [...flags.list("network"), ...flags.list("net")].map(parseNetwork);
    const [first = { name: "default", settings: {} }, ...others] = named;
    host["NetworkMode"] = first.name;
    for (const [name, key] of hostLists) if (flags.has(name)) host[key] = flags.list(name);
    const { exposed, bindings } = parsePublish(flags.list("publish"), flags.list("expose"));
    if (Object.keys(exposed).length > 0) body["ExposedPorts"] = exposed;
    if (Object.keys(bindings).length > 0) host["PortBindings"] = bindings;
    host["PublishAllPorts"] = flags.bool("publish-all");
    const general = generalSettings(flags);
    const special = [...Object.keys(general)];
    if (special.length > 0 && Object.keys(first.settings).some((key) => special.includes(key)))
      throw invalid("network", first.name, "a setting is given twice: in --network and by a flag of its own");
    const endpoints = body.NetworkingConfig.EndpointsConfig;
    const primary = { ...general, ...first.settings };
    if (named.length > 1 || Object.keys(primary).length > 0) endpoints[first.name] = primary;
    for (const { name, settings } of others) {
      if (name in endpoints) throw invalid("network", name, "it is given twice");
      endpoints[name] = settings;
    }
  },
};

/** The flags that are about the first network. */
function generalSettings(flags: FlagValues): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  const aliases = [...flags.list("network-alias"), ...flags.list("net-alias")];
  if (aliases.length > 0) settings["Aliases"] = aliases;
  if (flags.has("mac-address")) settings["MacAddress"] = flags.string("mac-address");
  const ipam: Record<string, unknown> = {};
  for (const [name, key] of endpoint) if (flags.has(name)) ipam[key] = flags.string(name);
  if (flags.has("link-local-ip")) ipam["LinkLocalIPs"] = flags.list("link-local-ip");
  if (Object.keys(ipam).length > 0) settings["IPAMConfig"] = ipam;
  return settings;
}
