/** Addresses of both families as numbers, and subnets as a base and a prefix length. */
import { isIPv4, isIPv6 } from "node:net";

export type Family = 4 | 6;
export type Ip = { family: Family; value: bigint };
export type Subnet = { family: Family; base: bigint; prefix: number };

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** Without zone or brackets. */
export function parseIp(text: string): Ip | null {
  if (isIPv4(text)) return { family: 4, value: parseIpv4(text) };
  if (!isIPv6(text) || text.includes("%")) return null;
  // The last 32 bits may be written like IPv4.
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const v4 = tail?.[2] === undefined ? 0n : parseIpv4(tail[2]);
  const plain = tail ? `${tail[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}` : text;
  const [left = "", right] = plain.split("::");
  const head = left === "" ? [] : left.split(":");
  const rest = right === undefined || right === "" ? [] : right.split(":");
  const zeros = right === undefined ? [] : new Array<string>(8 - head.length - rest.length).fill("0");
  const value = [...head, ...zeros, ...rest].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return { family: 6, value };
}

function parseIpv4(text: string): bigint {
  return text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

/** IPv6 as RFC 5952 has it: lower case, the longest run of zeros left out. */
export function formatIp({ family, value }: Ip): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, n) => ((value >> BigInt(112 - 16 * n)) & 0xffffn).toString(16));
  const text = groups.join(":");
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  if (!longest) return text;
  const before = text.slice(0, longest.index).replace(/:$/, "");
  return `${before}::${text.slice(longest.index + longest[0].length).replace(/^:/, "")}`;
}

/** `10.1.2.3/16`: the address as it stands, and the subnet that it is in. */
export function parseCidr(text: string): { ip: Ip; subnet: Subnet } | null {
  const [address = "", prefixText = "", ...rest] = text.split("/");
  const ip = parseIp(address);
  if (ip === null || rest.length > 0 || !/^\d{1,3}$/.test(prefixText)) return null;
  const prefix = Number(prefixText);
  if (prefix > bitsOf(ip.family)) return null;
  return { ip, subnet: { family: ip.family, base: ip.value & maskOf(ip.family, prefix), prefix } };
}

export function parseSubnet(text: string): Subnet | null {
  return parseCidr(text)?.subnet ?? null;
}

export function formatSubnet({ family, base, prefix }: Subnet): string {
  return `${formatIp({ family, value: base })}/${prefix}`;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  if (a.family !== b.family) return false;
  const shift = BigInt(bitsOf(a.family) - Math.min(a.prefix, b.prefix));
  return a.base >> shift === b.base >> shift;
}

export function contains(subnet: Subnet, { family, value }: Ip): boolean {
  return family === subnet.family && (value & maskOf(family, subnet.prefix)) === subnet.base;
}

/** Whether all of `inner` is in `outer`. */
export function encloses(outer: Subnet, inner: Subnet): boolean {
  return outer.prefix <= inner.prefix && overlaps(outer, inner);
}

export function lastOf({ family, base, prefix }: Subnet): bigint {
  return base + (1n << BigInt(bitsOf(family) - prefix)) - 1n;
}

function maskOf(family: Family, prefix: number): bigint {
  const bits = BigInt(bitsOf(family));
  return ((1n << bits) - 1n) ^ ((1n << (bits - BigInt(prefix))) - 1n);
}

/** Locally administered and derived, so that a neighbour's cache stays right when an address is used again. */
export function macOf({ value }: Ip): string {
  const low = Number(value & 0xffffffffn);
  return [0x02, 0x42, low >>> 24, low >>> 16, low >>> 8, low]
    .map((byte) => (byte & 255).toString(16).padStart(2, "0"))
    .join(":");
}
