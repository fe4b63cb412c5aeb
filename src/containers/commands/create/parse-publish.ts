import { invalid } from "../../../cli/parse-values.ts";

type Binding = { HostIp: string; HostPort: string };
export type Published = { exposed: Record<string, object>; bindings: Record<string, Binding[]> };

/** `-p` and `--expose` of Docker: `[[IP:]HOST:]CONTAINER[/PROTOCOL]`, each port maybe a range; IPv6 in brackets. */
export function parsePublish(publish: readonly string[], expose: readonly string[]): Published {
  const exposed: Record<string, object> = {};
  const bindings: Record<string, Binding[]> = {};
  for (const text of expose) {
    const match = /^([\d-]+)(?:\/(tcp|udp|sctp))?$/i.exec(text);
    for (const port of range("expose", text, match?.[1]))
      exposed[`${port}/${(match?.[2] ?? "tcp").toLowerCase()}`] = {};
  }
  for (const text of publish) {
    const match =
      /^(?:(\[[0-9a-f:.]+\]|[\d.]+(?=:[\d-]*:)|)(?=.*:.*:):)?(?:([\d-]*):)?([\d-]+)(?:\/(tcp|udp|sctp))?$/i.exec(text);
    if (!match) throw invalid("publish", text, "must be [[IP:]HOST-PORT:]CONTAINER-PORT[/PROTOCOL]");
    const ports = range("publish", text, match[3]);
    const hosts = match[2] ? range("publish", text, match[2]) : [];
    // A wider host range for one port means: any free one of these.
    if (hosts.length > 0 && hosts.length !== ports.length && ports.length !== 1) {
      throw invalid("publish", text, "the two port ranges differ in length");
    }
    ports.forEach((port, index) => {
      const key = `${port}/${(match[4] ?? "tcp").toLowerCase()}`;
      const hostPort = hosts.length > ports.length ? (match[2] ?? "") : String(hosts[index] ?? "");
      exposed[key] = {};
      (bindings[key] ??= []).push({ HostIp: (match[1] ?? "").replace(/^\[|\]$/g, ""), HostPort: hostPort });
    });
  }
  return { exposed, bindings };
}

function range(flag: string, text: string, ports: string | undefined): number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(ports ?? "");
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last > 65535 || last < first)
    throw invalid(flag, text, "ports are 1 to 65535, ranges ascend");
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
