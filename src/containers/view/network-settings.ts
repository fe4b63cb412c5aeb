/** NetworkSettings of inspect and of the list. */
import type { Endpoint } from "../../engines/index.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { networkNames } from "../run/network-mode.ts";
import { isEmpty } from "../schema/fields.ts";
import type { PortMap } from "../schema/host-config.ts";
import type { EndpointSettings } from "../schema/networking.ts";

/** The name of the network that it starts in, or null for `container:…` and where it has none. */
export function networkName(container: Container): string | null {
  return networkNames(container)[0] ?? null;
}

export function endpoints(context: Context, container: Container): Record<string, Record<string, unknown>> {
  const active = container.state.runtime?.endpoints ?? [];
  const shown = Object.entries(container.networking.EndpointsConfig).map(([name, settings]) => [
    name,
    endpointJson(
      context,
      container,
      name,
      settings,
      active.find(({ network }) => network === name),
    ),
  ]);
  return Object.fromEntries(shown);
}

function endpointJson(
  context: Context,
  { id, name: containerName, config, state }: Container,
  network: string,
  { IPAMConfig, Aliases, GwPriority, MacAddress }: EndpointSettings,
  endpoint: Endpoint | undefined,
): Record<string, unknown> {
  const networkId = context.networks.networkId(network);
  const names = [containerName, ...Aliases, id.slice(0, 12), config.Hostname].filter((text) => text !== "");
  return {
    IPAMConfig: isEmpty(IPAMConfig) ? null : IPAMConfig,
    Links: null,
    Aliases: Aliases.length > 0 ? Aliases : null,
    MacAddress: endpoint?.mac ?? MacAddress,
    DriverOpts: null,
    GwPriority,
    NetworkID: state.runtime ? networkId : "",
    EndpointID: endpoint ? context.networks.endpointId(network, id) : "",
    Gateway: endpoint?.gateway ?? "",
    IPAddress: endpoint?.address ?? "",
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: endpoint?.gateway6 ?? "",
    GlobalIPv6Address: endpoint?.address6 ?? "",
    GlobalIPv6PrefixLen: endpoint?.prefixLength6 ?? 0,
    DNSNames: context.networks.hasNames(network) ? [...new Set(names)] : null,
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
  const onBridge = container.state.runtime?.endpoints.find(({ network }) => network === "bridge");
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
    EndpointID: onBridge ? context.networks.endpointId("bridge", container.id) : "",
    Gateway: onBridge?.gateway ?? "",
    GlobalIPv6Address: onBridge?.address6 ?? "",
    GlobalIPv6PrefixLen: onBridge?.prefixLength6 ?? 0,
    IPAddress: onBridge?.address ?? "",
    IPPrefixLen: onBridge?.prefixLength ?? 0,
    IPv6Gateway: onBridge?.gateway6 ?? "",
    MacAddress: onBridge?.mac ?? "",
    Networks: endpoints(context, container),
  };
}
