/** Docker's shapes. Free of dependencies, so that clients can import it. */

export type PortBinding = { HostIp: string; HostPort: string };
/** `80/tcp` → where it is reached on the host; null: exposed only. */
export type PortMap = Record<string, PortBinding[] | null>;

export type NetworkContainerJson = {
  Name: string;
  EndpointID: string;
  MacAddress: string;
  IPv4Address: string;
  IPv6Address: string;
};

export type NetworkJson = {
  Name: string;
  Id: string;
  Created: string;
  Scope: "local";
  Driver: "bridge" | "host" | "null";
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: "default"; Options: null; Config: { Subnet: string; Gateway: string }[] | null };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  Containers: Record<string, NetworkContainerJson>;
  Options: Record<string, string>;
  Labels: Record<string, string>;
};
