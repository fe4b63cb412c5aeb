/** From endpoints to what the name service is told. Pure. */
import type { NamesAsker, NamesMember } from "../../engines/index.ts";
import type { NamedEndpoint } from "../name-service.ts";

/** What one container is called on one network: each name alone and below the network's, as Docker has it. */
export function planMember(endpoint: NamedEndpoint): NamesMember {
  const { containerId, containerName, hostname, domainname, aliases, networkName, addresses } = endpoint;
  const qualified = domainname === "" ? [] : [`${hostname}.${domainname}`];
  const plain = [containerName, ...aliases, containerId.slice(0, 12), hostname, ...qualified];
  const names = plain.flatMap((name) => [name, `${name}.${networkName}`]);
  const pointer = `${containerName}.${networkName}`;
  return {
    key: containerId,
    names: [...new Set(names.map((name) => name.toLowerCase()))].filter(isName),
    addresses: [...addresses],
    ...(isName(pointer) ? { pointer } : {}),
  };
}

/** What a container sees, from all its endpoints; null where it has the host's resolvers and nobody's names. */
export function planAsker(endpoints: readonly NamedEndpoint[]): NamesAsker | null {
  const named = endpoints.filter(({ defaultBridge }) => !defaultBridge);
  const first = named[0];
  if (first === undefined) return null;
  return {
    key: first.containerId,
    networks: named.map(({ networkId }) => networkId),
    forward: endpoints.some(({ internal }) => !internal),
    upstreams: [...first.dns.servers],
  };
}

/** Whether the wire can carry it; what cannot be asked for is nobody's name. */
function isName(text: string): boolean {
  const bytes = (label: string) => Buffer.byteLength(label);
  return bytes(text) <= 253 && text.split(".").every((label) => bytes(label) >= 1 && bytes(label) <= 63);
}
