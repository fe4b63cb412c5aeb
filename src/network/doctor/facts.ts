/** The networks and containers that the doctor looks at, read from the API's own answers. */

export type DoctorNetwork = {
  id: string;
  name: string;
  driver: string;
  internal: boolean;
  bridge: string;
  subnets: string[];
};

export type DoctorEndpoint = { network: string; address: string; address6: string; gateway: string };
export type DoctorPort = { protocol: string; guestPort: number; hostIp: string; hostPort: number };
export type DoctorContainer = {
  id: string;
  name: string;
  running: boolean;
  pid: number;
  mode: string;
  endpoints: DoctorEndpoint[];
  ports: DoctorPort[];
  resolvConf: string;
};

type Json = Record<string, unknown>;
const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const text = (value: unknown): string => (typeof value === "string" ? value : "");

export function readNetwork(json: unknown): DoctorNetwork {
  const { Id, Name, Driver, Internal, Options, IPAM } = object(json);
  const configs = object(IPAM)["Config"];
  return {
    id: text(Id),
    name: text(Name),
    driver: text(Driver),
    internal: Internal === true,
    bridge: text(object(Options)["com.docker.network.bridge.name"]),
    subnets: (Array.isArray(configs) ? configs : []).map((config) => text(object(config)["Subnet"])).filter(Boolean),
  };
}

export function readContainer(json: unknown): DoctorContainer {
  const { Id, Name, State, HostConfig, NetworkSettings, ResolvConfPath } = object(json);
  const { Networks, Ports } = object(NetworkSettings);
  const endpoints = Object.entries(object(Networks)).map(([network, value]) => {
    const { IPAddress, GlobalIPv6Address, Gateway } = object(value);
    return { network, address: text(IPAddress), address6: text(GlobalIPv6Address), gateway: text(Gateway) };
  });
  const ports = Object.entries(object(Ports)).flatMap(([key, bindings]) => {
    const [port = "", protocol = "tcp"] = key.split("/");
    const list: unknown[] = Array.isArray(bindings) ? bindings : [];
    return list.map(object).map(({ HostIp, HostPort }) => ({
      ...{ protocol, guestPort: Number(port), hostIp: text(HostIp), hostPort: Number(text(HostPort)) },
    }));
  });
  return {
    ...{ id: text(Id), name: text(Name).replace(/^\//, ""), endpoints, ports, resolvConf: text(ResolvConfPath) },
    running: object(State)["Running"] === true,
    pid: Number(object(State)["Pid"] ?? 0),
    mode: text(object(HostConfig)["NetworkMode"]),
  };
}
