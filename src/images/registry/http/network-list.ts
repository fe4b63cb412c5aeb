/** Lists of hosts and networks, as `insecureRegistries` and `NO_PROXY` have them. */
import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/** Without brackets. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}

export function isLoopback(hostname: string): boolean {
  const host = bareHost(hostname);
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}

/** `10.0.0.0/8`, `fd00::/8` or a bare address. */
export function inNetwork(hostname: string, network: string): boolean {
  const host = bareHost(hostname);
  const family = isIP(host);
  const [address = "", bits] = network.split("/");
  const base = bareHost(address);
  if (family === 0 || isIP(base) !== family) return false;
  const width = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? width : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > width) return false;
  const list = new BlockList();
  const type = family === 6 ? "ipv6" : "ipv4";
  list.addSubnet(base, prefix, type);
  return list.check(host, type);
}
