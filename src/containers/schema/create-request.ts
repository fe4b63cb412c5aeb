/** The body of POST /containers/create: Docker puts `Config` at the top with the two others inside. */
import { invalid } from "../errors.ts";
import { type Config, configFields } from "./config.ts";
import { isObject, parseFields, record, unknownNames } from "./fields.ts";
import { type HostConfig, hostConfigFields } from "./host-config.ts";
import { type Networking, networkingFields } from "./networking.ts";

export type CreateRequest = {
  config: Config;
  hostConfig: HostConfig;
  networking: Networking;
  /** What was sent but means nothing here. */
  unknown: readonly string[];
};

const bodyFields = {
  ...configFields,
  HostConfig: record(hostConfigFields),
  NetworkingConfig: record(networkingFields),
};

export function parseCreateRequest(body: unknown): CreateRequest {
  if (!isObject(body)) throw invalid("empty_config", "config cannot be empty in order to create a container");
  const { HostConfig, NetworkingConfig, ...config } = parseFields(bodyFields, body, "");
  const unknown = [
    ...unknownNames(bodyFields, body),
    ...unknownNames(hostConfigFields, body["HostConfig"]).map((name) => `HostConfig.${name}`),
  ];
  return { config, hostConfig: HostConfig, networking: NetworkingConfig, unknown };
}
