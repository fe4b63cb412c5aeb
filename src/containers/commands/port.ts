import { Failure } from "../../cli/failure.ts";
import type { Verb } from "../../cli/verb.ts";

type Bindings = { HostIp: string; HostPort: string }[] | null;
export type PortMap = Record<string, Bindings>;

export const port: Verb = {
  name: "port",
  summary: "List the published ports of a container",
  usage: "CONTAINER [PORT[/PROTOCOL]]",
  args: { min: 1, max: 2 },
  flags: [],
  async run(session, [name = "", wanted]) {
    const path = `/containers/${encodeURIComponent(name)}/json`;
    const { NetworkSettings } = await session.client.json<{ NetworkSettings: { Ports: PortMap | null } }>("GET", path);
    for (const line of portLines(NetworkSettings.Ports ?? {}, wanted, name)) session.out.line(line);
    return 0;
  },
};

/** `80/tcp -> 0.0.0.0:8080`; of one port only the host's side. Ordered by number, then protocol. */
export function portLines(ports: PortMap, wanted: string | undefined, container: string): string[] {
  const address = ({ HostIp, HostPort }: { HostIp: string; HostPort: string }) =>
    `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:${HostPort}`;
  if (wanted !== undefined) {
    const key = wanted.includes("/") ? wanted.toLowerCase() : `${wanted}/tcp`;
    const bindings = ports[key];
    if (!bindings || bindings.length === 0) {
      throw new Failure(`no public port '${key}' published for ${container}`);
    }
    return bindings.map(address);
  }
  return Object.entries(ports)
    .sort(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1))
    .flatMap(([key, bindings]) => (bindings ?? []).map((binding) => `${key} -> ${address(binding)}`));
}
