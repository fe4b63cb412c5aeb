/** `NetworkSettings` of a container, in Docker's shape. */
import type { Endpoint } from "../../engines/engine.ts";
import type { EndpointJson, NetworkSettingsJson, PortMap } from "../schema.ts";
import { endpointId, networkId, sandboxId } from "./ids.ts";

export type NetworkSettingsRequest = {
  tag: string;
  containerId: string;
  /** `bridge`, `host`, `none`, or `container:…`, which shares another's and has none of its own. */
  mode: string;
  /** Has processes. */
  running: boolean;
  pid: number;
  endpoint: Endpoint | null;
  /** As they really are while it runs. */
  ports: PortMap;
};

export function networkSettings(request: NetworkSettingsRequest): NetworkSettingsJson {
  const { containerId, mode, running, pid, ports } = request;
  const shared = mode.startsWith("container:");
  const own = endpointSettings(request);
  const bridge = running && mode === "bridge" ? own : null;
  return {
    Bridge: "",
    SandboxID: running && !shared ? sandboxId(containerId) : "",
    SandboxKey: running && !shared ? `/proc/${pid}/ns/net` : "",
    Ports: running ? ports : {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? "",
    Gateway: bridge?.Gateway ?? "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: bridge?.IPAddress ?? "",
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: "",
    MacAddress: bridge?.MacAddress ?? "",
    Networks: shared ? {} : { [mode]: own },
  };
}

function endpointSettings({ tag, containerId, mode, running, endpoint }: NetworkSettingsRequest): EndpointJson {
  const network = networkId(tag, mode);
  const live = running ? endpoint : null;
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: live?.mac ?? "",
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: running ? network : "",
    EndpointID: running ? endpointId(network, containerId) : "",
    Gateway: live?.gateway ?? "",
    IPAddress: live?.address ?? "",
    IPPrefixLen: live?.prefixLength ?? 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}
