export type PortSummary = { IP?: string; PrivatePort: number; PublicPort?: number; Type: string };

/**
 * `0.0.0.0:8080->80/tcp, 443/tcp`. Neighbouring ports that keep their number on the host are one range, and ports that
 * change it come last, as in Docker.
 */
export function portList(ports: readonly PortSummary[]): string {
  const runs: { ip: string; type: string; first: number; last: number }[] = [];
  const changed: string[] = [];
  for (const { IP: ip = "", PrivatePort: port, PublicPort: onHost, Type: type } of [...ports].sort(inOrder)) {
    if (ip !== "" && onHost !== port) {
      changed.push(`${address(ip)}:${onHost}->${port}/${type}`);
      continue;
    }
    const run = runs.find((known) => known.ip === ip && known.type === type && known.last + 1 === port);
    if (run) run.last = port;
    else runs.push({ ip, type, first: port, last: port });
  }
  const texts = runs.map(({ ip, type, first, last }) => {
    const range = first === last ? `${first}` : `${first}-${last}`;
    return `${ip === "" ? range : `${address(ip)}:${range}->${range}`}/${type}`;
  });
  return [...texts, ...changed].join(", ");
}

const address = (ip: string): string => (ip.includes(":") ? `[${ip}]` : ip);

function inOrder(a: PortSummary, b: PortSummary): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    (a.IP ?? "").localeCompare(b.IP ?? "") ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    a.Type.localeCompare(b.Type)
  );
}
