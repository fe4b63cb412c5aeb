/** IPv4 routes as /proc/PID/net/route has them, and which one a packet takes. */

export type Route = { link: string; destination: number; prefix: number; gateway: string; metric: number };

export function parseRouteTable(text: string): Route[] {
  const lines = text.trim().split("\n").slice(1);
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 7)
    .map((fields) => ({
      link: fields[0] ?? "",
      destination: hostOrder(fields[1] ?? ""),
      gateway: formatV4(hostOrder(fields[2] ?? "")),
      metric: Number(fields[6]),
      prefix: bits(hostOrder(fields[7] ?? "")),
    }));
}

/** The longest prefix, then the least metric; null: no route. */
export function routeTo(routes: readonly Route[], address: string): Route | null {
  const target = parseV4(address);
  if (target === null) return null;
  const fitting = routes.filter((route) => within(target, route));
  return fitting.sort((a, b) => b.prefix - a.prefix || a.metric - b.metric)[0] ?? null;
}

export function within(address: number, network: { destination: number; prefix: number }): boolean {
  const shift = 2 ** (32 - network.prefix);
  return Math.floor(address / shift) === Math.floor(network.destination / shift);
}

export function parseV4(text: string): number | null {
  const parts = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  return parts.length === 4 && parts.every((part) => part < 256)
    ? parts.reduce((sum, part) => sum * 256 + part, 0)
    : null;
}

/** `172.20.0.0/16`; null for what is not IPv4. */
export function parseSubnetV4(text: string): { destination: number; prefix: number } | null {
  const [base = "", prefix = "32"] = text.split("/");
  const destination = parseV4(base);
  return destination === null || !(Number(prefix) <= 32) ? null : { destination, prefix: Number(prefix) };
}

export function formatV4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** The file has numbers in the host's byte order, little-endian, as hexadecimal. */
function hostOrder(hex: string): number {
  return Number.parseInt(hex.match(/../g)?.reverse().join("") ?? "0", 16);
}

function bits(mask: number): number {
  return mask.toString(2).replaceAll("0", "").length;
}
