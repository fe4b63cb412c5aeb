/** Docker's port map as a list of what is wanted, checked. */

import { parseIpv4 } from "../address/ipv4.ts";
import { cannotPublish } from "../errors.ts";
import type { PortMap } from "../schema.ts";
import type { Protocol } from "./hold.ts";

export type PortRequest = {
  /** `80/tcp`, as the map has it. */
  key: string;
  protocol: Protocol;
  guestPort: number;
  hostIp: string;
  /** Tried in order; the first free one is taken. */
  hostPorts: { first: number; last: number };
  /** Any free port: the search goes on after the one given out last. */
  ephemeral: boolean;
};

export const ephemeralPorts = { first: 49153, last: 65535 };

/** `defaultAddress` is used where a binding names none. */
export function parsePortRequests(ports: PortMap, defaultAddress: string): PortRequest[] {
  return Object.entries(ports).flatMap(([key, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => {
      const [, port, protocol = "tcp"] = /^(\d+)(?:\/(\w+))?$/.exec(key) ?? [];
      if (port === undefined) throw cannotPublish(key, "a container port is a number and a protocol");
      if (protocol !== "tcp" && protocol !== "udp") {
        throw cannotPublish(key, `protocol ${protocol} is not supported`, "publish tcp or udp ports");
      }
      const hostPorts = parseHostPorts(key, HostPort);
      return {
        key,
        protocol,
        guestPort: Number(port),
        hostIp: parseHostIp(key, HostIp || defaultAddress),
        hostPorts: hostPorts ?? ephemeralPorts,
        ephemeral: hostPorts === null,
      };
    }),
  );
}

function parseHostIp(key: string, text: string): string {
  if (parseIpv4(text) !== null) return text;
  if (text.includes(":")) {
    throw cannotPublish(
      key,
      `the default bridge has no IPv6, so ${text} cannot lead to it`,
      "publish on an IPv4 address",
    );
  }
  throw cannotPublish(key, `${JSON.stringify(text)} is not an address of the host`);
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
