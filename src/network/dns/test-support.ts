import type { NamedEndpoint } from "../name-service.ts";

export function namedEndpoint(part: Partial<NamedEndpoint> = {}): NamedEndpoint {
  return {
    networkId: "n1",
    networkName: "front",
    defaultBridge: false,
    internal: false,
    containerId: "0123456789abcdef",
    containerName: "web",
    hostname: "0123456789ab",
    domainname: "",
    aliases: [],
    addresses: ["10.1.0.2"],
    namespace: "/proc/42/ns/net",
    dns: { servers: [], search: [], options: [] },
    ...part,
  };
}
