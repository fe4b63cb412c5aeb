/** Docker's `Mount` in `HostConfig.Mounts`. */
import { flag, integer, oneOf, optional, record, text, textMap, unsupported } from "./fields.ts";

const propagations = oneOf("private", "rprivate", "shared", "rshared", "slave", "rslave");

const bindOptionFields = {
  Propagation: propagations,
  NonRecursive: flag,
  CreateMountpoint: flag,
  ReadOnlyNonRecursive: flag,
  ReadOnlyForceRecursive: flag,
};
const driverFields = { Name: text, Options: textMap };
const volumeOptionFields = {
  NoCopy: flag,
  Labels: textMap,
  DriverConfig: optional(record(driverFields)),
  Subpath: text,
};
const tmpfsOptionFields = {
  SizeBytes: integer,
  Mode: integer,
  Options: unsupported("give tmpfs options with --tmpfs instead"),
};

export const mountFields = {
  Target: text,
  Source: text,
  Type: oneOf("bind", "volume", "tmpfs"),
  ReadOnly: flag,
  Consistency: text,
  BindOptions: optional(record(bindOptionFields)),
  VolumeOptions: optional(record(volumeOptionFields)),
  TmpfsOptions: optional(record(tmpfsOptionFields)),
  ImageOptions: unsupported("image mounts are not offered"),
  ClusterOptions: unsupported("cluster volumes belong to swarm"),
};
