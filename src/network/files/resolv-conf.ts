/** Content of a container's /etc/resolv.conf, by Docker's rules. */

export type ResolvRequest = {
  mode: string;
  dns: readonly string[];
  dnsSearch: readonly string[];
  dnsOptions: readonly string[];
  /** Content of the host's file. */
  hostFile: string;
  /** The name service's address: it asks the others itself. */
  resolver: string | null;
};

/** What Docker falls back to as well, when the host's resolvers are all on its loopback. */
const fallback: readonly string[] = ["8.8.8.8", "8.8.4.4"];

export function buildResolvConf({ mode, dns, dnsSearch, dnsOptions, hostFile, resolver }: ResolvRequest): string {
  const host = parseResolvConf(hostFile);
  const reachable = mode === "host" ? host.nameservers : host.nameservers.filter(isReachable);
  const own = reachable.length > 0 || mode === "host" ? reachable : fallback;
  const nameservers = resolver !== null ? [resolver] : dns.length > 0 ? dns : own;
  const search = (dnsSearch.length > 0 ? dnsSearch : host.search).filter((domain) => domain !== ".");
  const asked = dnsOptions.length > 0 ? dnsOptions : host.options;
  // Names of containers have no dot: they are to be asked for as they are.
  const options =
    resolver === null || asked.some((option) => option.startsWith("ndots:")) ? asked : [...asked, "ndots:0"];
  const lines = nameservers.map((address) => `nameserver ${address}`);
  if (search.length > 0) lines.push(`search ${search.join(" ")}`);
  if (options.length > 0) lines.push(`options ${options.join(" ")}`);
  return lines.map((line) => `${line}\n`).join("");
}

type ResolvConf = { nameservers: string[]; search: string[]; options: string[] };

export function parseResolvConf(text: string): ResolvConf {
  const found: ResolvConf = { nameservers: [], search: [], options: [] };
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && values[0]) found.nameservers.push(values[0]);
    // The last one counts.
    if (keyword === "search" || keyword === "domain") found.search = values;
    if (keyword === "options") found.options.push(...values);
  }
  return found;
}

/** From a namespace of its own with IPv4 only: not the host's loopback, and no IPv6. */
function isReachable(address: string): boolean {
  return !address.startsWith("127.") && !address.includes(":");
}
