/** Networks in Docker's shape. */
import type { Endpoint } from "../../engines/index.ts";
import { isDefaultBridge, type Network, type Pool } from "../model/network.ts";
import type { NetworkContainerJson, NetworkJson, PoolJson } from "../schema.ts";
import { endpointId } from "./ids.ts";

/** A running container and how it is connected; `mode` tells of host and none, which give no endpoint. */
export type Attached = { id: string; name: string; mode: string; endpoints: readonly Endpoint[] };

/** `attached` null: without the containers, as in the list. */
export function networkJson(network: Network, attached: readonly Attached[] | null): NetworkJson {
  const { id, name, driver, ipv4, ipv6, internal, attachable, labels } = network;
  const isIn = ({ mode, endpoints }: Attached) =>
    driver === "host" || driver === "null" ? mode === name : endpoints.some(({ networkId }) => networkId === id);
  const mine = (attached ?? []).filter(isIn);
  return {
    Name: name,
    Id: id,
    Created: new Date(network.createdMs).toISOString(),
    Scope: "local",
    Driver: driver,
    EnableIPv4: ipv4,
    EnableIPv6: ipv6,
    IPAM: {
      Driver: "default",
      Options: network.predefined ? null : {},
      Config: driver === "host" || driver === "null" ? null : network.pools.map(poolJson),
    },
    Internal: internal,
    Attachable: attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(mine.map((container) => [container.id, containerJson(id, container)])),
    Options: isDefaultBridge(network) ? defaultBridgeOptions(network) : network.options,
    Labels: labels,
  };
}

function poolJson({ subnet, range, gateway, aux }: Pool): PoolJson {
  return {
    Subnet: subnet,
    ...(range === subnet ? {} : { IPRange: range }),
    Gateway: gateway,
    ...(Object.keys(aux).length > 0 ? { AuxiliaryAddresses: aux } : {}),
  };
}

function defaultBridgeOptions({ link }: Network): Record<string, string> {
  return {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    "com.docker.network.bridge.name": link.bridge,
    "com.docker.network.driver.mtu": String(link.mtu),
  };
}

function containerJson(network: string, { id, name, endpoints }: Attached): NetworkContainerJson {
  const endpoint = endpoints.find(({ networkId }) => networkId === network);
  const withPrefix = (address: string, prefix: number) => (address === "" ? "" : `${address}/${prefix}`);
  return {
    Name: name,
    EndpointID: endpointId(network, id),
    MacAddress: endpoint?.mac ?? "",
    IPv4Address: endpoint ? withPrefix(endpoint.address, endpoint.prefixLength) : "",
    IPv6Address: endpoint ? withPrefix(endpoint.address6, endpoint.prefixLength6) : "",
  };
}
