/** `HostConfig.NetworkMode`, and the request to the engine that follows from it. */
import type { NetworkRequest } from "../../engines/index.ts";
import { conflict, invalid } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import type { CreateRequest } from "../schema/create-request.ts";
import { parseFields } from "../schema/fields.ts";
import type { HostConfig } from "../schema/host-config.ts";
import { type EndpointSettings, endpointFields, type Networking } from "../schema/networking.ts";

export type NetworkMode =
  | { kind: "none" }
  | { kind: "host" }
  | { kind: "container"; ref: string }
  | { kind: "network"; name: string };

export const isDefaultNetwork = ({ NetworkMode }: HostConfig): boolean =>
  NetworkMode === "" || NetworkMode === "default";

export const publishesPorts = ({ PublishAllPorts, PortBindings }: HostConfig): boolean =>
  PublishAllPorts || Object.keys(PortBindings).length > 0;

export function parseNetworkMode(mode: string): NetworkMode {
  if (mode === "none" || mode === "host") return { kind: mode };
  if (mode.startsWith("container:")) return { kind: "container", ref: mode.slice("container:".length) };
  return { kind: "network", name: mode === "" || mode === "default" ? "bridge" : mode };
}

/** Docker's refusals of settings that contradict the mode. */
export function verifyNetworking(context: Context, { config, hostConfig: host }: CreateRequest): void {
  const mode = parseNetworkMode(host.NetworkMode);
  if (mode.kind === "container") {
    context.store.find(mode.ref);
    if (config.Hostname) throw invalid("conflicting_network", "conflicting options: hostname and the network mode");
    if (host.Dns.length) throw invalid("conflicting_network", "conflicting options: dns and the network mode");
    if (host.ExtraHosts.length) {
      throw invalid("conflicting_network", "conflicting options: custom host-to-IP mapping and the network mode");
    }
    if (publishesPorts(host)) {
      throw invalid("conflicting_network", "conflicting options: port publishing and the container type network mode");
    }
  }
}

/** The container's endpoints by the names of their networks, that of its mode first; checked. Empty where it has none of its own. */
export function planEndpoints(
  context: Context,
  { config, hostConfig: host, networking }: CreateRequest,
): Networking["EndpointsConfig"] {
  const mode = parseNetworkMode(host.NetworkMode);
  const asked = networking.EndpointsConfig;
  if (mode.kind === "container") {
    if (Object.keys(asked).length > 0)
      throw invalid("conflicting_network", "conflicting options: networks and the container type network mode");
    return {};
  }
  const name = mode.kind === "network" ? mode.name : mode.kind;
  const wanted: Record<string, EndpointSettings> = {};
  // Docker's word for the default network, which clients use as a key as well.
  for (const [key, settings] of Object.entries(asked)) wanted[key === "default" ? name : key] = settings;
  const planned = context.networks.plan(name, wanted, noSettings);
  const [primary] = planned;
  // The older place of the address, for the container's own network.
  if (primary && config.MacAddress && !primary[1].MacAddress) {
    primary[1] = { ...primary[1], MacAddress: config.MacAddress };
    context.networks.plan(name, { [primary[0]]: primary[1] }, noSettings);
  }
  return Object.fromEntries(planned);
}

export const noSettings: EndpointSettings = parseFields(endpointFields, {}, "");

/** Names of the networks that the container is to be in, the one it starts in first. */
export const networkNames = ({ networking }: Pick<Container, "networking">): string[] =>
  Object.keys(networking.EndpointsConfig);

export function priorities({ networking }: Pick<Container, "networking">): Record<string, number> {
  const entries = Object.entries(networking.EndpointsConfig);
  return Object.fromEntries(entries.map(([name, { GwPriority }]) => [name, GwPriority]));
}

export function networkRequest(context: Context, container: Container): NetworkRequest {
  const mode = container.config.NetworkDisabled
    ? ({ kind: "none" } as const)
    : parseNetworkMode(container.hostConfig.NetworkMode);
  if (mode.kind === "none" || mode.kind === "host") return { kind: mode.kind };
  if (mode.kind === "container") return { kind: "join", pid: pidOf(context, mode.ref) };
  // After a disconnect of all its networks it starts without any.
  const [first] = Object.entries(container.networking.EndpointsConfig);
  return first ? context.networks.request(first[0], first[1]) : { kind: "none" };
}

/** Init of another container whose namespaces are to be joined. */
export function pidOf(context: Context, ref: string): number {
  const other = context.store.find(ref);
  if (!other.workload) {
    throw conflict(
      "not_running",
      `cannot join network of a non running container: ${other.id}`,
      `start ${other.name} first`,
    );
  }
  return other.workload.record.pid;
}
