/** The body of `POST /networks/create`, as Docker's clients send it. Unknown fields are refused unless they are empty. */
import { invalidNetwork, predefinedName, unknownDriver, unsupportedNetwork } from "../errors.ts";
import type { Driver } from "../model/network.ts";

export type IpamConfig = {
  Subnet: string;
  IPRange: string;
  Gateway: string;
  AuxiliaryAddresses: Record<string, string>;
};

export type CreateNetwork = {
  name: string;
  driver: Driver;
  ipv4: boolean;
  ipv6: boolean;
  internal: boolean;
  attachable: boolean;
  configs: IpamConfig[];
  options: Record<string, string>;
  labels: Record<string, string>;
};

const drivers: readonly Driver[] = ["bridge", "host", "null", "macvlan", "ipvlan"];
const predefinedNames = ["bridge", "host", "none", "default"];
const known =
  "Name CheckDuplicate Driver Scope Internal Attachable Ingress ConfigOnly ConfigFrom IPAM EnableIPv4 EnableIPv6 Options Labels".split(
    " ",
  );

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  value === false ||
  value === 0 ||
  (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.values(value).every(isEmpty));

export function parseCreateNetwork(body: unknown): CreateNetwork {
  if (!isObject(body)) throw invalidNetwork("a JSON object is expected");
  refuseOthers(body, known, "");
  const name = text(body, "Name");
  if (name === "") throw invalidNetwork("invalid name: name is empty");
  if (predefinedNames.includes(name)) throw predefinedName(name);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_. -]{0,127}$/.test(name))
    throw invalidNetwork(`invalid name ${JSON.stringify(name)}`, "use letters, digits, and _ . - after the first");
  const scope = text(body, "Scope");
  if (scope !== "" && scope !== "local") throw unsupportedNetwork(`scope ${scope}`, "there is no cluster");
  if (flag(body, "Ingress")) throw unsupportedNetwork("Ingress", "there is no cluster");
  const from = body["ConfigFrom"] ?? {};
  if (!isObject(from)) throw invalidNetwork("ConfigFrom must be an object");
  if (text(from, "Network") !== "" || flag(body, "ConfigOnly"))
    throw unsupportedNetwork("ConfigOnly or ConfigFrom", "every network says its own configuration");
  const driver = text(body, "Driver") || "bridge";
  const found = drivers.find((one) => one === driver);
  if (!found) throw unknownDriver(driver);
  if (found === "host" || found === "null") throw invalidNetwork(`only one instance of "${driver}" network is allowed`);
  const request: CreateNetwork = {
    name,
    driver: found,
    ipv4: body["EnableIPv4"] === null || body["EnableIPv4"] === undefined ? true : flag(body, "EnableIPv4"),
    ipv6: flag(body, "EnableIPv6"),
    internal: flag(body, "Internal"),
    attachable: flag(body, "Attachable"),
    configs: parseIpam(body["IPAM"]),
    options: texts(body["Options"], "Options"),
    labels: texts(body["Labels"], "Labels"),
  };
  if (!request.ipv4 && !request.ipv6) throw invalidNetwork("IPv4 or IPv6 must be enabled");
  return request;
}

function parseIpam(value: unknown): IpamConfig[] {
  if (value === null || value === undefined) return [];
  if (!isObject(value)) throw invalidNetwork("IPAM is an object");
  refuseOthers(value, ["Driver", "Options", "Config"], "IPAM.");
  const driver = text(value, "Driver");
  if (driver !== "" && driver !== "default")
    throw unsupportedNetwork(`IPAM driver ${driver}`, "the engine gives out addresses itself");
  const options = Object.keys(texts(value["Options"], "IPAM.Options"));
  if (options.length > 0) throw unsupportedNetwork(`IPAM option ${options[0]}`, "the engine's own IPAM has none");
  const configs = value["Config"] ?? [];
  if (!Array.isArray(configs)) throw invalidNetwork("IPAM.Config is a list");
  return configs.map((config): IpamConfig => {
    if (!isObject(config)) throw invalidNetwork("IPAM.Config is a list of objects");
    refuseOthers(config, ["Subnet", "IPRange", "Gateway", "AuxiliaryAddresses", "AuxAddress"], "IPAM.Config.");
    return {
      Subnet: text(config, "Subnet"),
      IPRange: text(config, "IPRange"),
      Gateway: text(config, "Gateway"),
      AuxiliaryAddresses: texts(config["AuxiliaryAddresses"] ?? config["AuxAddress"], "AuxiliaryAddresses"),
    };
  });
}

function refuseOthers(object: Json, names: readonly string[], at: string): void {
  for (const [key, value] of Object.entries(object)) {
    if (!names.includes(key) && !isEmpty(value)) throw invalidNetwork(`the engine does not know the field ${at}${key}`);
  }
}

function text(object: Json, key: string): string {
  const value = object[key] ?? "";
  if (typeof value !== "string") throw invalidNetwork(`${key} is a string`);
  return value;
}

function flag(object: Json, key: string): boolean {
  const value = object[key] ?? false;
  if (typeof value !== "boolean") throw invalidNetwork(`${key} is true or false`);
  return value;
}

function texts(value: unknown, key: string): Record<string, string> {
  if (value === null || value === undefined) return {};
  if (!isObject(value) || Object.values(value).some((one) => typeof one !== "string"))
    throw invalidNetwork(`${key} is an object of strings`);
  return value as Record<string, string>;
}
