export type PortSummary = { IP?: string; PrivatePort: number; PublicPort?: number; Type: string };

/** `0.0.0.0:80->80/tcp, 443/tcp` */
export function portList(ports: readonly PortSummary[]): string {
  const address = (ip: string) => (ip.includes(":") ? `[${ip}]` : ip);
  return [...ports]
    .sort((a, b) => a.PrivatePort - b.PrivatePort || a.Type.localeCompare(b.Type))
    .map(({ IP, PrivatePort, PublicPort, Type }) =>
      PublicPort ? `${address(IP || "0.0.0.0")}:${PublicPort}->${PrivatePort}/${Type}` : `${PrivatePort}/${Type}`,
    )
    .join(", ");
}
