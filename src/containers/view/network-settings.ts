/** NetworkSettings of inspect and of the list. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { parseNetworkMode } from "../run/network-mode.ts";
import type { PortMap } from "../schema/host-config.ts";

/** The network's name as shown, or null for `container:…`. */
export function networkName({ hostConfig }: Container): string | null {
  const mode = parseNetworkMode(hostConfig.NetworkMode);
  if (mode.kind === "container") return null;
  return mode.kind === "network" ? mode.name : mode.kind;
}

export function endpoints(context: Context, container: Container): Record<string, Record<string, unknown>> {
  const name = networkName(container);
  if (name === null) return {};
  const given = container.networking.EndpointsConfig[name];
  const endpoint = container.state.runtime?.endpoint ?? null;
  return {
    [name]: {
      IPAMConfig: given?.IPAMConfig ?? null,
      Links: null,
      Aliases: given?.Aliases.length ? given.Aliases : null,
      MacAddress: endpoint?.mac ?? "",
      DriverOpts: null,
      GwPriority: 0,
      NetworkID: context.networks.networkId(name),
      EndpointID: endpoint ? container.id : "",
      Gateway: endpoint?.gateway ?? "",
      IPAddress: endpoint?.address ?? "",
      IPPrefixLen: endpoint?.prefixLength ?? 0,
      IPv6Gateway: "",
      GlobalIPv6Address: "",
      GlobalIPv6PrefixLen: 0,
      DNSNames: null,
    },
  };
}

/** Bound ports as they are, and exposed ones with null; nothing while it does not run. */
export function portMap({ config, state }: Container): PortMap {
  if (state.runtime === null) return {};
  const ports: PortMap = { ...state.ports };
  for (const port in config.ExposedPorts) ports[port] ??= null;
  return ports;
}

export function networkSettings(context: Context, container: Container): Record<string, unknown> {
  const endpoint = container.state.runtime?.endpoint;
  const onBridge = endpoint?.network === "bridge" ? endpoint : undefined;
  const { pid } = container.state;
  return {
    Bridge: "",
    SandboxID: pid > 0 ? container.id : "",
    SandboxKey: pid > 0 ? `/proc/${pid}/ns/net` : "",
    Ports: portMap(container),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: onBridge ? container.id : "",
    Gateway: onBridge?.gateway ?? "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: onBridge?.address ?? "",
    IPPrefixLen: onBridge?.prefixLength ?? 0,
    IPv6Gateway: "",
    MacAddress: onBridge?.mac ?? "",
    Networks: endpoints(context, container),
  };
}
