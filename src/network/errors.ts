/** Errors of the network feature. Texts keep Docker's key words where clients look for them. */
import { EngineError, type ErrorKind } from "../base/errors.ts";

function make(kind: ErrorKind, code: string, message: string, hint?: string, cause?: unknown): EngineError {
  return new EngineError({ kind, code: `network.${code}`, message, hint, cause });
}

export const networkNotFound = (name: string) => make("not_found", "not_found", `network ${name} not found`);

export const predefinedOnly = (action: string) =>
  make(
    "unsupported",
    "predefined_only",
    `Cannot ${action}: this version has only the predefined networks bridge, host and none`,
    "run the container with --network bridge, host, none or container:NAME",
  );

export const unsupportedSetting = (setting: string, network: string) =>
  make(
    "unsupported",
    "unsupported_setting",
    `Cannot use ${setting} on network ${network}: its addresses are given out by the engine and it has no name service`,
    `leave ${setting} out`,
  );

export const noFreeSubnet = () =>
  make(
    "resource_exhausted",
    "no_free_subnet",
    "Cannot choose a subnet for the default bridge: the host has routes to every private range that it may use",
    "remove a route within 172.20.0.0-172.31.255.255 or 10.130.0.0-10.249.255.255, or use --network host",
  );

export const addressesExhausted = (subnet: string) =>
  make(
    "resource_exhausted",
    "addresses_exhausted",
    `Cannot give out an address in ${subnet}: every one is in use`,
    "stop containers that are no longer needed",
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
    "write [[ADDRESS:][HOSTPORT]:]PORT[/tcp|udp], each port as a number or a range",
  );

export const invalidExtraHost = (text: string) =>
  make("invalid_argument", "invalid_extra_host", `invalid extra host ${JSON.stringify(text)}: expected NAME:ADDRESS`);

export const noHostGateway = (mode: string) =>
  make(
    "invalid_argument",
    "no_host_gateway",
    `Cannot resolve host-gateway: network ${mode} has no way to the host`,
    "name an address, or use the bridge network",
  );

export const noBridge = (reason: string) =>
  make(
    "unsupported",
    "no_bridge",
    `Cannot connect to network bridge: ${reason}`,
    "run the container with --network host or --network none",
  );

export const severalNetworks = (name: string) =>
  make(
    "not_found",
    "not_connected",
    `network ${name} is not the one in NetworkMode`,
    "name one network in both places",
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
