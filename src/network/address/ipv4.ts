/** IPv4 addresses as unsigned 32-bit numbers, and subnets as a pair of base and prefix length. */

export type Subnet = { base: number; prefix: number };

export function parseIpv4(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return null;
  const parts = match.slice(1).map(Number);
  if (parts.some((part) => part > 255)) return null;
  return parts.reduce((value, part) => value * 256 + part, 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

export function parseSubnet(text: string): Subnet | null {
  const [ip, prefixText, ...rest] = text.split("/");
  const address = parseIpv4(ip ?? "");
  if (address === null || rest.length > 0 || !/^\d{1,2}$/.test(prefixText ?? "")) return null;
  const prefix = Number(prefixText);
  return prefix > 32 ? null : { base: (address & mask(prefix)) >>> 0, prefix };
}

export function formatSubnet({ base, prefix }: Subnet): string {
  return `${formatIpv4(base)}/${prefix}`;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  const shorter = mask(Math.min(a.prefix, b.prefix));
  return (a.base & shorter) === (b.base & shorter);
}

/** Locally administered, so that a neighbour's cache stays right when an address is used again. */
export function macOf(address: number): string {
  return [0x02, 0x42, address >>> 24, address >>> 16, address >>> 8, address]
    .map((byte) => (byte & 255).toString(16).padStart(2, "0"))
    .join(":");
}

function mask(prefix: number): number {
  return prefix === 0 ? 0 : (~0 << (32 - prefix)) >>> 0;
}
