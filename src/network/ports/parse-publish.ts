/** The forms of `-p`: `80`, `8080:80`, `127.0.0.1:8080:80`, `127.0.0.1::80`, ranges on either side, `/tcp` or `/udp`. */
import { isIP } from "node:net";
import { invalidPublish } from "../errors.ts";
import type { PortMap } from "../schema.ts";

type Range = { first: number; last: number };

/** All specifications together, as the Engine API wants them. A host port may be empty: any free one. */
export function parsePublish(specs: readonly string[]): PortMap {
  const ports: PortMap = {};
  for (const spec of specs) {
    for (const { port, hostIp, hostPort } of expand(spec)) {
      const bindings = ports[port] ?? [];
      bindings.push({ HostIp: hostIp, HostPort: hostPort });
      ports[port] = bindings;
    }
  }
  return ports;
}

function expand(spec: string): { port: string; hostIp: string; hostPort: string }[] {
  const [path = "", protocol = "tcp", ...rest] = spec.split("/");
  if (rest.length > 0 || !["tcp", "udp", "sctp"].includes(protocol.toLowerCase())) {
    throw invalidPublish(spec, `${JSON.stringify(protocol)} is not a protocol`);
  }
  const { address, host, container } = split(spec, path);
  const guests = parseRange(spec, container);
  const hosts = host === "" ? null : parseRange(spec, host);
  const count = guests.last - guests.first + 1;
  // One container port with a range of host ports means any one of them.
  const any = hosts !== null && count === 1 && hosts.last > hosts.first;
  if (hosts !== null && !any && hosts.last - hosts.first + 1 !== count) {
    throw invalidPublish(spec, "the ranges have different lengths");
  }
  return Array.from({ length: count }, (_, n) => ({
    port: `${guests.first + n}/${protocol.toLowerCase()}`,
    hostIp: address,
    hostPort: hosts === null ? "" : any ? `${hosts.first}-${hosts.last}` : String(hosts.first + n),
  }));
}

function split(spec: string, path: string): { address: string; host: string; container: string } {
  const match = /^(?:(?:\[([^\]]*)\]|([^:]*)|(.*:.*)):)?([\d-]*):([\d-]+)$/.exec(path);
  if (!match) {
    if (path.includes(":")) throw invalidPublish(spec, "a port is missing or is not a number");
    return { address: "", host: "", container: path };
  }
  const [, bracketed, plain, bare, host = "", container = ""] = match;
  const address = bracketed ?? plain ?? bare ?? "";
  if (address !== "" && isIP(address) === 0) throw invalidPublish(spec, `${JSON.stringify(address)} is not an address`);
  return { address, host, container };
}

function parseRange(spec: string, text: string): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last > 65535)
    throw invalidPublish(spec, `${JSON.stringify(text)} is not a port or a range`);
  if (last < first) throw invalidPublish(spec, `the range ${text} runs backwards`);
  return { first, last };
}
