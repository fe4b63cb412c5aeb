/** The contract of an isolation engine, and the words it is written in. Types only: an engine is made in its own folder. */
export type {
  Adoption,
  Claim,
  Endpoint,
  EndpointWishes,
  Engine,
  EngineName,
  ExecHandle,
  NetworkRequest,
  RuntimeRecord,
  Workload,
  WorkloadStats,
} from "./engine.ts";
export type {
  DeviceNode,
  LogPlan,
  NamespaceSource,
  ProcessPlan,
  Propagation,
  Rlimit,
  RlimitName,
  StdioPlan,
} from "./native/plan.ts";
export type {
  AttachOptions,
  DefaultRoute,
  Exit,
  JobFrame,
  NamesAsker,
  NamesMember,
  NamesRequest,
  NetAttach,
  NetOp,
  NetPrepare,
  ProbeName,
  RootRef,
  UnpackLimits,
} from "./native/protocol.ts";
export type { LayerStack, MountSpec, ProcessSpec, Resources, SecuritySpec, WorkloadSpec } from "./spec.ts";
