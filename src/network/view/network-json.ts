/** The predefined networks, in Docker's shape. */
import type { Endpoint } from "../../engines/index.ts";
import { formatIpv4, formatSubnet, type Subnet } from "../address/ipv4.ts";
import { gatewayOf, mtu } from "../bridge/bridge.ts";
import type { NetworkContainerJson, NetworkJson } from "../schema.ts";
import { endpointId, networkId } from "./ids.ts";

export type PredefinedName = "bridge" | "host" | "none";
export const predefined: readonly PredefinedName[] = ["bridge", "host", "none"];

/** A running container and how it is connected. */
export type Attached = { id: string; name: string; mode: string; endpoint: Endpoint | null };

export type NetworkFacts = { tag: string; bridgeName: string; subnet: Subnet | null; createdMs: number };

/** `attached` null: without the containers, as in the list. */
export function networkJson(
  name: PredefinedName,
  facts: NetworkFacts,
  attached: readonly Attached[] | null,
): NetworkJson {
  const id = networkId(facts.tag, name);
  const mine = (attached ?? []).filter(({ mode }) => mode === name);
  return {
    Name: name,
    Id: id,
    Created: new Date(facts.createdMs).toISOString(),
    Scope: "local",
    Driver: name === "none" ? "null" : name,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: name === "bridge" ? ipamConfig(facts.subnet) : null },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(mine.map((container) => [container.id, containerJson(id, container)])),
    Options: name === "bridge" ? bridgeOptions(facts.bridgeName) : {},
    Labels: {},
  };
}

function ipamConfig(subnet: Subnet | null): { Subnet: string; Gateway: string }[] {
  // The subnet is chosen when the first container needs it.
  return subnet ? [{ Subnet: formatSubnet(subnet), Gateway: formatIpv4(gatewayOf(subnet)) }] : [];
}

function bridgeOptions(name: string): Record<string, string> {
  return {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    "com.docker.network.bridge.name": name,
    "com.docker.network.driver.mtu": String(mtu),
  };
}

function containerJson(network: string, { id, name, endpoint }: Attached): NetworkContainerJson {
  return {
    Name: name,
    EndpointID: endpointId(network, id),
    MacAddress: endpoint?.mac ?? "",
    IPv4Address: endpoint ? `${endpoint.address}/${endpoint.prefixLength}` : "",
    IPv6Address: "",
  };
}
