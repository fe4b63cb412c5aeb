/** Errors of the network feature. Texts keep Docker's key words where clients look for them, and its status codes. */
import { EngineError, type ErrorKind } from "../base/errors.ts";

function make(kind: ErrorKind, code: string, message: string, hint?: string, cause?: unknown): EngineError {
  return new EngineError({ kind, code: `network.${code}`, message, hint, cause });
}

export const networkNotFound = (name: string) =>
  make("not_found", "not_found", `network ${name} not found`, "`hbx network ls` shows those that there are");

export const ambiguousNetwork = (ref: string) =>
  make(
    "invalid_argument",
    "ambiguous",
    `network ${ref} is ambiguous: several ids begin with it`,
    "give more of the id",
  );

export const networkExists = (name: string) =>
  make("conflict", "exists", `network with name ${name} already exists`, "choose another name, or remove that network");

export const predefinedName = (name: string) =>
  make("forbidden", "predefined", `operation is not permitted on predefined ${name} network`, "choose another name");

export const predefinedNetwork = (name: string) =>
  make("forbidden", "predefined", `${name} is a pre-defined network and cannot be removed`);

export const networkInUse = (name: string, containers: readonly string[]) =>
  make(
    "forbidden",
    "in_use",
    `error while removing network: network ${name} has active endpoints (${containers.join(", ")})`,
    "stop these containers, or disconnect them first",
  );

export const invalidNetwork = (state: string, hint?: string) =>
  make("invalid_argument", "invalid", `Cannot create the network: ${state}`, hint);

export const unsupportedNetwork = (what: string, why: string) =>
  make("unsupported", "unsupported", `Cannot create the network with ${what}: ${why}`);

export const unknownDriver = (driver: string) =>
  make(
    "not_found",
    "unknown_driver",
    `could not find plugin ${driver}: network driver "${driver}" not found`,
    "drivers are bridge, macvlan, ipvlan, host and null",
  );

export const missingDriver = (driver: string, detail: string) =>
  make("unsupported", "missing_driver", `Cannot create the network: this kernel has no ${driver} (${detail})`);

/** `other` names what is in the way: a network, or a route with its interface. */
export const subnetTaken = (subnet: string, other: string) =>
  make(
    "forbidden",
    "subnet_taken",
    `invalid pool request: Pool overlaps with other one on this address space: ${subnet} overlaps ${other}`,
    "choose another subnet, or none and let the engine choose",
  );

export const interfaceTaken = (name: string) =>
  make(
    "conflict",
    "interface_taken",
    `Cannot create the network: there is an interface ${name} already, which is not the engine's`,
    "choose another com.docker.network.bridge.name",
  );

export const noFreeSubnet = (pools: string) =>
  make(
    "resource_exhausted",
    "no_free_subnet",
    `Cannot choose a subnet: networks and the host's routes cover all of ${pools}`,
    "remove a network or a route, name a --subnet, or change addressPools in config.json",
  );

export const addressesExhausted = (subnet: string) =>
  make(
    "resource_exhausted",
    "addresses_exhausted",
    `Cannot give out an address in ${subnet}: every one is in use`,
    "stop containers that are no longer needed",
  );

export const addressInUse = (address: string) =>
  make("forbidden", "address_in_use", `Address already in use: ${address} belongs to another container or the gateway`);

/** Something asked of an endpoint that its network cannot give. */
export const invalidEndpoint = (network: string, state: string, hint?: string) =>
  make("invalid_argument", "invalid_endpoint", `invalid endpoint settings for network ${network}: ${state}`, hint);

export const unsupportedSetting = (setting: string, network: string, why: string) =>
  make(
    "unsupported",
    "unsupported_setting",
    `Cannot use ${setting} on network ${network}: ${why}`,
    `leave ${setting} out`,
  );

/** `holder` is `container NAME` or `another program`. */
export const portInUse = (endpoint: string, holder: string) =>
  make(
    "resource_exhausted", // Docker answers 500 here
    "port_in_use",
    `Bind for ${endpoint} failed: port is already allocated by ${holder}`,
    "publish another host port, or stop what holds this one",
  );

export const noFreePort = (range: string) =>
  make("resource_exhausted", "no_free_port", `Cannot publish a port: every host port of ${range} is in use`);

export const cannotPublish = (port: string, state: string, hint?: string, cause?: unknown) =>
  make("invalid_argument", "cannot_publish", `Cannot publish port ${port}: ${state}`, hint, cause);

export const invalidPublish = (text: string, state: string) =>
  make(
    "invalid_argument",
    "invalid_publish",
    `invalid publish specification ${JSON.stringify(text)}: ${state}`,
    "write [[ADDRESS:][HOSTPORT]:]PORT[/tcp|udp|sctp], each port as a number or a range",
  );

export const invalidExtraHost = (text: string) =>
  make("invalid_argument", "invalid_extra_host", `invalid extra host ${JSON.stringify(text)}: expected NAME:ADDRESS`);

export const noHostGateway = (mode: string) =>
  make(
    "invalid_argument",
    "no_host_gateway",
    `Cannot resolve host-gateway: network ${mode} has no way to the host`,
    "name an address, or use a bridge network",
  );

export const noBridge = (network: string, reason: string) =>
  make(
    "unsupported",
    "no_bridge",
    `Cannot connect to network ${network}: ${reason}`,
    "run the container with --network host or --network none",
  );

export const invalidTarget = (text: string) =>
  make(
    "invalid_argument",
    "invalid_target",
    `Cannot look for a way to ${JSON.stringify(text)}: it is no name or address`,
    "write NAME, NAME:PORT, ADDRESS:PORT/udp or [IPv6]:PORT",
  );

export const containerUnknown = (ref: string) =>
  make("not_found", "no_such_container", `No such container: ${ref}`, "`hbx ps --all` lists them");

export const invalidFilter = (name: string, value: string) =>
  make("invalid_argument", "bad_filter", `invalid filter '${name}=${value}'`);
