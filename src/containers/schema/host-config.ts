/** Docker's `HostConfig`: how this host runs the container. */
import { spreadPort } from "./config.ts";
import {
  type Field,
  flag,
  integer,
  isObject,
  list,
  malformed,
  oneOf,
  optionalFlag,
  optionalTexts,
  type Parsed,
  record,
  text,
  textMap,
  texts,
  unsupported,
} from "./fields.ts";
import { mountFields } from "./mount.ts";
import { resourceFields } from "./resources.ts";

export type PortBinding = { HostIp: string; HostPort: string };
/** `80/tcp` → where it is reached on the host; null: exposed only. */
export type PortMap = Record<string, PortBinding[] | null>;

const bindingFields = { HostIp: text, HostPort: text };

const portBindings: Field<PortMap> = (value, at, key) => {
  const out: PortMap = {};
  if (value === undefined || value === null) return out;
  if (!isObject(value)) throw malformed(at, key, "an object of port bindings");
  const read = list(bindingFields);
  for (const port in value) {
    const bindings = read(value[port], at, key);
    for (const { HostPort } of bindings) {
      if (!/^(\d{1,5}(-\d{1,5})?)?$/.test(HostPort) || Number(HostPort.split("-")[0]) > 65535) {
        throw malformed(at, key, `a host port, not ${JSON.stringify(HostPort)},`);
      }
    }
    for (const single of spreadPort(port, at, key))
      out[single] = bindings.length === 0 ? [{ HostIp: "", HostPort: "" }] : bindings;
  }
  return out;
};

const consoleSize: Field<[number, number]> = (value, at, key) => {
  if (value === undefined || value === null) return [0, 0];
  const [rows, cols] = Array.isArray(value) ? value : [];
  if (!Array.isArray(value) || value.length !== 2) throw malformed(at, key, "a list of two sizes");
  const within = (size: number) => size >= 0 && size <= 65535;
  const pair: [number, number] = [integer(rows, at, key), integer(cols, at, key)];
  if (!pair.every(within)) throw malformed(at, key, "a list of two sizes");
  return pair;
};

const logConfigFields = { Type: text, Config: textMap };
const restartPolicyFields = {
  Name: oneOf("no", "always", "unless-stopped", "on-failure"),
  MaximumRetryCount: integer,
};

const extraHosts: Field<string[]> = (value, at, key) => {
  const hosts = texts(value, at, key);
  for (const host of hosts) {
    if (!/^[^:=\s]+[:=]\S+$/.test(host)) throw malformed(at, key, `name:address, not ${JSON.stringify(host)},`);
  }
  return hosts;
};

export const hostConfigFields = {
  ...resourceFields,
  Binds: optionalTexts,
  ContainerIDFile: text,
  LogConfig: record(logConfigFields),
  NetworkMode: text,
  PortBindings: portBindings,
  RestartPolicy: record(restartPolicyFields),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: optionalTexts,
  ConsoleSize: consoleSize,
  Annotations: textMap,
  CapAdd: optionalTexts,
  CapDrop: optionalTexts,
  CgroupnsMode: oneOf("private", "host"),
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: extraHosts,
  GroupAdd: optionalTexts,
  IpcMode: text,
  Cgroup: unsupported("joining another container's cgroup is not offered"),
  Links: unsupported("links are a legacy of the default bridge; use a network and names instead"),
  OomScoreAdj: integer,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: optionalTexts,
  StorageOpt: unsupported("a size limit for the root filesystem needs a quota that overlayfs does not have"),
  Tmpfs: textMap,
  UTSMode: oneOf("host"),
  UsernsMode: text,
  ShmSize: integer,
  Sysctls: textMap,
  Runtime: text,
  Isolation: oneOf("default"),
  Mounts: list(mountFields),
  MaskedPaths: optionalTexts,
  ReadonlyPaths: optionalTexts,
  Init: optionalFlag,
};

export type HostConfig = Parsed<typeof hostConfigFields>;
export type LogConfig = HostConfig["LogConfig"];
export type RestartPolicy = HostConfig["RestartPolicy"];
export type MountRequest = HostConfig["Mounts"][number];
