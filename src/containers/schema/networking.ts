/** Docker's `NetworkingConfig` and what it says of each endpoint. */
import {
  type Field,
  integer,
  isObject,
  malformed,
  optional,
  type Parsed,
  parseFields,
  record,
  text,
  textMap,
  texts,
} from "./fields.ts";

const ipamFields = { IPv4Address: text, IPv6Address: text, LinkLocalIPs: texts };

/** Fields that the engine itself fills in are accepted, since clients copy them from inspect; they say nothing at create. */
const answered: Field<null> = () => null;

export const endpointFields = {
  IPAMConfig: optional(record(ipamFields)),
  Links: texts,
  Aliases: texts,
  DriverOpts: textMap,
  MacAddress: text,
  GwPriority: integer,
  NetworkID: answered,
  EndpointID: answered,
  Gateway: answered,
  IPAddress: answered,
  IPPrefixLen: answered,
  IPv6Gateway: answered,
  GlobalIPv6Address: answered,
  GlobalIPv6PrefixLen: answered,
  DNSNames: answered,
};

export type EndpointSettings = Parsed<typeof endpointFields>;

const endpoints: Field<Record<string, EndpointSettings>> = (value, at, key) => {
  const out: Record<string, EndpointSettings> = {};
  if (value === undefined || value === null) return out;
  if (!isObject(value)) throw malformed(at, key, "an object of endpoints");
  for (const name in value) out[name] = parseFields(endpointFields, value[name], `${at}.${key}.${name}`);
  return out;
};

export const networkingFields = { EndpointsConfig: endpoints };
export type Networking = Parsed<typeof networkingFields>;
