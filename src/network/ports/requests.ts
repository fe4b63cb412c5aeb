/** Docker's port map as a list of what is wanted, checked against what the container has. */
import { formatIp, parseIp } from "../address/ip.ts";
import { cannotPublish } from "../errors.ts";
import type { PortMap } from "../schema.ts";
import type { Protocol } from "./hold.ts";

/** Where ports lead: the container's addresses; empty where it has none of that family. */
export type Target = { address: string; address6: string };

export type PortRequest = {
  /** `80/tcp`, as the map has it. */
  key: string;
  protocol: Protocol;
  guestPort: number;
  /** All get the same host port. */
  ways: { hostIp: string; guestIp: string }[];
  /** Tried in order; the first free one is taken. */
  hostPorts: { first: number; last: number };
  /** Any free port: the search goes on after the one given out last. */
  ephemeral: boolean;
};

export const ephemeralPorts = { first: 49153, last: 65535 };

/** `defaultAddress` is used where a binding names none; `0.0.0.0` then means every address of both families. */
export function parsePortRequests(ports: PortMap, defaultAddress: string, target: Target): PortRequest[] {
  return Object.entries(ports).flatMap(([key, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => {
      const [, port, protocol = "tcp"] = /^(\d+)(?:\/(\w+))?$/.exec(key) ?? [];
      if (port === undefined) throw cannotPublish(key, "a container port is a number and a protocol");
      if (protocol !== "tcp" && protocol !== "udp" && protocol !== "sctp")
        throw cannotPublish(key, `protocol ${protocol} is not supported`, "publish tcp, udp or sctp ports");
      const hostPorts = parseHostPorts(key, HostPort);
      return {
        key,
        protocol,
        guestPort: Number(port),
        ways: waysOf(key, HostIp, defaultAddress, target),
        hostPorts: hostPorts ?? ephemeralPorts,
        ephemeral: hostPorts === null,
      };
    }),
  );
}

function waysOf(
  key: string,
  asked: string,
  defaultAddress: string,
  { address, address6 }: Target,
): PortRequest["ways"] {
  const everywhere = asked === "" && (defaultAddress === "0.0.0.0" || defaultAddress === "::");
  if (everywhere) {
    const v4 = address === "" ? [] : [{ hostIp: "0.0.0.0", guestIp: address }];
    return address6 === "" ? v4 : [...v4, { hostIp: "::", guestIp: address6 }];
  }
  const text = asked || defaultAddress;
  const ip = parseIp(text);
  if (ip === null) throw cannotPublish(key, `${JSON.stringify(text)} is not an address of the host`);
  const guestIp = ip.family === 4 ? address : address6;
  if (guestIp === "") {
    throw cannotPublish(
      key,
      `the container has no address of IPv${ip.family}, so ${text} cannot lead to it`,
      ip.family === 6
        ? "connect it to a network with --ipv6, or publish on an IPv4 address"
        : "publish on an IPv6 address",
    );
  }
  return [{ hostIp: formatIp(ip), guestIp }];
}

function parseHostPorts(key: string, text: string): PortRequest["hostPorts"] | null {
  if (text === "" || text === "0") return null;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const range = { first: Number(match?.[1]), last: Number(match?.[2] ?? match?.[1]) };
  if (!match || range.first < 1 || range.last > 65535 || range.last < range.first) {
    throw cannotPublish(key, `${JSON.stringify(text)} is not a host port or a range of them`);
  }
  return range;
}
