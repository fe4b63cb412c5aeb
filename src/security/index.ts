export {
  type CapabilityRequest,
  capabilityNames,
  defaultCapabilities,
  parseCapability,
  planCapabilities,
} from "./capabilities.ts";
export {
  type DeviceLookup,
  type DeviceNumbers,
  type DeviceRequest,
  type DeviceRule,
  defaultDeviceRules,
  defaultDevices,
  deviceRuleText,
  parseDeviceRule,
  planDevice,
} from "./devices.ts";
export { defaultMaskedPaths, defaultReadonlyPaths } from "./masked-paths.ts";
export { planRlimits } from "./rlimits.ts";
export type { NativeArch } from "./seccomp/architectures.ts";
export { createSeccompFilters, type FilterStore, type SeccompFilter, type SeccompFilters } from "./seccomp/filters.ts";
export type { KernelVersion } from "./seccomp/profile.ts";
export { type OwnNamespaces, planSysctls } from "./sysctls.ts";
