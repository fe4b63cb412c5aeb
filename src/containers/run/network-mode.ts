/** `HostConfig.NetworkMode`, and the request to the engine that follows from it. */
import type { NetworkRequest } from "../../engines/index.ts";
import { conflict, invalid } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import type { CreateRequest } from "../schema/create-request.ts";
import type { HostConfig } from "../schema/host-config.ts";

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
export function verifyNetworking(context: Context, { config, hostConfig: host, networking }: CreateRequest): void {
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
  const names = Object.keys(networking.EndpointsConfig);
  if (names.length > 1) {
    throw invalid(
      "one_network",
      "Cannot connect the container to several networks at once: this engine gives each one interface",
    );
  }
  if (mode.kind === "network") requestNetwork(context, { name: "", id: "", mode: mode.name, networking });
}

type Use = { id: string; name: string; mode: string; networking: CreateRequest["networking"] };

function requestNetwork(context: Context, { id, name, mode, networking }: Use): NetworkRequest {
  return context.networks.request({ containerId: id, name, mode, endpoints: networking.EndpointsConfig });
}

export function networkRequest(context: Context, container: Container): NetworkRequest {
  const mode = container.config.NetworkDisabled
    ? ({ kind: "none" } as const)
    : parseNetworkMode(container.hostConfig.NetworkMode);
  if (mode.kind === "none" || mode.kind === "host") return { kind: mode.kind };
  if (mode.kind === "container") return { kind: "join", pid: pidOf(context, mode.ref) };
  return requestNetwork(context, {
    id: container.id,
    name: container.name,
    mode: mode.name,
    networking: container.networking,
  });
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
