/** Docker's `Resources`: limits, in create and in update. */
import {
  type Field,
  integer,
  list,
  malformed,
  optionalFlag,
  optionalInteger,
  text,
  texts,
  unsupported,
} from "./fields.ts";

const weightDeviceFields = { Path: text, Weight: integer };
const throttleFields = { Path: text, Rate: integer };
const deviceFields = { PathOnHost: text, PathInContainer: text, CgroupPermissions: text };
const ulimitFields = { Name: text, Soft: integer, Hard: integer };
const windows = unsupported("it is a Windows option");

const deviceRules: Field<string[]> = (value, at, key) => {
  const rules = texts(value, at, key);
  for (const rule of rules) {
    if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(rule)) {
      throw malformed(at, key, `a rule like "c 13:* rwm", not ${JSON.stringify(rule)},`);
    }
  }
  return rules;
};

export const resourceFields = {
  CpuShares: integer,
  Memory: integer,
  NanoCpus: integer,
  CgroupParent: unsupported("the engine places its cgroups itself"),
  BlkioWeight: integer,
  BlkioWeightDevice: list(weightDeviceFields),
  BlkioDeviceReadBps: list(throttleFields),
  BlkioDeviceWriteBps: list(throttleFields),
  BlkioDeviceReadIOps: list(throttleFields),
  BlkioDeviceWriteIOps: list(throttleFields),
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: list(deviceFields),
  DeviceCgroupRules: deviceRules,
  DeviceRequests: unsupported("device drivers such as GPUs are not offered; pass device nodes with Devices"),
  KernelMemory: unsupported("the kernel no longer has a limit for its own memory"),
  KernelMemoryTCP: unsupported("the kernel no longer has a limit for TCP memory"),
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: optionalInteger,
  OomKillDisable: optionalFlag,
  PidsLimit: optionalInteger,
  Ulimits: list(ulimitFields),
  CpuCount: windows,
  CpuPercent: windows,
  IOMaximumIOps: windows,
  IOMaximumBandwidth: windows,
};
