/** Content of a container's /etc/hosts. */
import { isIP } from "node:net";
import { invalidExtraHost, noHostGateway } from "../errors.ts";

export type HostsRequest = {
  mode: string;
  hostname: string;
  domainname: string;
  /** `name:address` or `name=address`; the address may be `host-gateway`. */
  extraHosts: readonly string[];
  aliases: readonly string[];
  /** The way out first. */
  endpoints: readonly HostsEndpoint[];
  /** Content of the host's file, which `--network host` begins with. */
  hostFile: string;
};

export type HostsEndpoint = { address: string; gateway: string; address6: string; gateway6: string };

const loopback = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

export function buildHosts({
  mode,
  hostname,
  domainname,
  extraHosts,
  aliases,
  endpoints,
  hostFile,
}: HostsRequest): string {
  const head = mode === "host" && hostFile !== "" ? hostFile.replace(/\n?$/, "\n") : loopback;
  const gateways = endpoints.flatMap(({ gateway, gateway6 }) => [gateway, gateway6]).filter((text) => text !== "");
  const gateway = gateways[0] ?? (mode === "host" ? "127.0.0.1" : null);
  const lines = extraHosts.map((text) => {
    const { name, address } = parseExtraHost(text);
    if (address !== "host-gateway") return `${address}\t${name}`;
    if (gateway === null) throw noHostGateway(mode);
    return `${gateway}\t${name}`;
  });
  for (const endpoint of endpoints) lines.push(...ownLines(endpoint, { hostname, domainname, aliases }));
  return head + lines.map((line) => `${line}\n`).join("");
}

type OwnNames = Pick<HostsRequest, "hostname" | "domainname" | "aliases">;

/** A container's own names at the addresses of one endpoint. */
export function ownLines({ address, address6 }: HostsEndpoint, { hostname, domainname, aliases }: OwnNames): string[] {
  const names = [...(domainname === "" ? [] : [`${hostname}.${domainname}`]), hostname, ...aliases];
  const text = names.filter((name) => name !== "").join(" ");
  return [address, address6].filter((one) => one !== "").map((one) => `${one}\t${text}`);
}

export function parseExtraHost(text: string): { name: string; address: string } {
  const match = /^([^:=\s]+)[:=](.+)$/.exec(text);
  const name = match?.[1];
  const address = match?.[2]?.replace(/^\[(.*)\]$/, "$1");
  if (!name || !address || (address !== "host-gateway" && isIP(address) === 0)) throw invalidExtraHost(text);
  return { name, address };
}
