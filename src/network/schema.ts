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

export type PoolJson = {
  Subnet: string;
  IPRange?: string;
  Gateway: string;
  AuxiliaryAddresses?: Record<string, string>;
};

export type NetworkJson = {
  Name: string;
  Id: string;
  Created: string;
  Scope: "local";
  Driver: "bridge" | "host" | "null" | "macvlan" | "ipvlan";
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: "default"; Options: Record<string, string> | null; Config: PoolJson[] | null };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  Containers: Record<string, NetworkContainerJson>;
  Options: Readonly<Record<string, string>>;
  Labels: Readonly<Record<string, string>>;
};
