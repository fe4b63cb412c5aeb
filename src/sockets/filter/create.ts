/** What a container that is made through a socket may ask for. Pure: a parsed request in, one within the limits out. */
import type { CreateRequest, HostConfig, Update } from "../../containers/index.ts";
import { fieldForbidden } from "../errors.ts";
import type { SocketLimits } from "../schema.ts";
import { ownerLabel } from "./own.ts";

export type Judge = {
  socket: string;
  limits: SocketLimits;
  ownContainer(ref: string): boolean;
  ownVolume(name: string): boolean;
};

/** Fields that change nothing outside the container, or are looked at below. Any other must be empty. */
const harmless = new Set<string>(
  `AutoRemove RestartPolicy CapDrop Dns DnsOptions DnsSearch ExtraHosts ReadonlyRootfs Tmpfs ShmSize Init LogConfig ConsoleSize
  Annotations CpuShares CpuPeriod CpuQuota Ulimits MemorySwap MemoryReservation MemorySwappiness Memory NanoCpus PidsLimit
  NetworkMode Binds Mounts VolumesFrom SecurityOpt IpcMode CgroupnsMode PortBindings PublishAllPorts`.split(/\s+/),
);

export function judgeCreate(request: CreateRequest, judge: Judge): Record<string, unknown> {
  const { config, hostConfig, networking } = request;
  for (const [field, value] of Object.entries(hostConfig)) {
    if (!harmless.has(field) && !isEmpty(value))
      throw fieldForbidden(`HostConfig.${field}`, "it reaches beyond the container");
  }
  judgeMode("IpcMode", hostConfig.IpcMode, ["", "private", "none", "shareable"], judge);
  judgeMode("NetworkMode", hostConfig.NetworkMode, ["", "default", "bridge", "none"], judge);
  if (hostConfig.CgroupnsMode === "host")
    throw fieldForbidden("HostConfig.CgroupnsMode", "host shows the host's cgroups");
  for (const option of hostConfig.SecurityOpt ?? []) {
    if (!/^no-new-privileges([:=]true)?$/.test(option))
      throw fieldForbidden("HostConfig.SecurityOpt", `${option} weakens it`);
  }
  const publishes = hostConfig.PublishAllPorts || Object.keys(hostConfig.PortBindings).length > 0;
  if (publishes && !judge.limits.Publish) throw fieldForbidden("HostConfig.PortBindings", "it may not publish ports");
  judgeVolumes(hostConfig, judge);
  const endpoints = Object.keys(networking.EndpointsConfig).filter(
    (name) => !["default", "bridge", "none"].includes(name),
  );
  if (endpoints.length > 0) throw fieldForbidden(`NetworkingConfig.${endpoints[0]}`, "there are only bridge and none");
  return {
    ...config,
    Labels: { ...config.Labels, [ownerLabel]: judge.socket },
    HostConfig: { ...hostConfig, ...limited(hostConfig, judge.limits) },
    NetworkingConfig: networking,
  };
}

/** A change stays within the limits too: what it leaves out stays as it was. */
export function judgeUpdate(change: Update, limits: SocketLimits): void {
  for (const [field, most] of bounds(limits)) {
    const asked = change[field];
    if (asked !== undefined) requireWithin(field, asked, most);
  }
  if (change.MemorySwap !== undefined) requireWithin("MemorySwap", change.MemorySwap, limits.MaxMemory);
  if (limits.MaxNanoCpus > 0 && (change.CpuQuota !== undefined || change.CpuPeriod !== undefined)) {
    throw fieldForbidden("CpuQuota", "say NanoCpus instead");
  }
}

type Bounded = "Memory" | "NanoCpus" | "PidsLimit";

const bounds = (limits: SocketLimits): [Bounded, number][] => [
  ["Memory", limits.MaxMemory],
  ["NanoCpus", limits.MaxNanoCpus],
  ["PidsLimit", limits.MaxPids],
];

function limited(host: HostConfig, limits: SocketLimits): Partial<HostConfig> {
  const out: Partial<Record<Bounded, number>> = {};
  for (const [field, most] of bounds(limits)) {
    if (most === 0) continue;
    const asked = host[field];
    if (!asked) out[field] = most;
    else requireWithin(field, asked, most);
  }
  // Swap would be a way around the limit, and so would a quota beside it.
  const swap = limits.MaxMemory > 0 ? { MemorySwap: out.Memory ?? host.Memory } : {};
  if (limits.MaxNanoCpus > 0 && (host.CpuQuota !== 0 || host.CpuPeriod !== 0)) {
    throw fieldForbidden("HostConfig.CpuQuota", "say NanoCpus instead");
  }
  return { ...out, ...swap };
}

function requireWithin(field: string, asked: number | null, most: number): void {
  if (most > 0 && (asked === null || asked <= 0 || asked > most)) {
    throw fieldForbidden(field, `the most that a container may have is ${most}`);
  }
}

function judgeMode(field: string, mode: string, plain: readonly string[], { ownContainer }: Judge): void {
  if (plain.includes(mode)) return;
  const shared = /^container:(.+)$/.exec(mode)?.[1];
  if (shared !== undefined && ownContainer(shared)) return;
  throw fieldForbidden(`HostConfig.${field}`, `${mode} is not the container's own`);
}

function judgeVolumes(host: HostConfig, { ownVolume, ownContainer }: Judge): void {
  for (const bind of host.Binds ?? []) {
    const source = bind.split(":")[0] ?? "";
    if (!ownVolume(source)) throw fieldForbidden("HostConfig.Binds", `${source} is no volume of this socket`);
  }
  for (const { Type, Source, VolumeOptions } of host.Mounts) {
    if (Type === "tmpfs") continue;
    if (Type !== "volume") throw fieldForbidden("HostConfig.Mounts", `a ${Type} mount leads to the host`);
    if (Source !== "" && !ownVolume(Source))
      throw fieldForbidden("HostConfig.Mounts", `${Source} is no volume of this socket`);
    if (VolumeOptions?.DriverConfig) throw fieldForbidden("HostConfig.Mounts", "a volume's driver leads to the host");
  }
  for (const from of host.VolumesFrom ?? []) {
    const ref = from.split(":")[0] ?? "";
    if (!ownContainer(ref)) throw fieldForbidden("HostConfig.VolumesFrom", `${ref} is no container of this socket`);
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}
