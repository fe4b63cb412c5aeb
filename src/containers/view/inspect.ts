/** `GET /containers/{id}/json`, built when asked for. */
import type { Container, HealthState, State } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import type { MountPoint } from "../model/mount-point.ts";
import { containerPaths } from "../model/paths.ts";
import type { Config } from "../schema/config.ts";
import type { HostConfig } from "../schema/host-config.ts";
import { networkSettings } from "./network-settings.ts";
import { rfc3339 } from "./time.ts";

export type Sizes = { sizeRw: number; sizeRootFs: number };

export function inspect(context: Context, container: Container, sizes: Sizes | null): Record<string, unknown> {
  const { id, config, hostConfig, state } = container;
  const paths = containerPaths(context.home, id);
  const [path = "", ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const running = [...container.execs.values()].filter((exec) => exec.running).map((exec) => exec.id);
  return {
    Id: id,
    Created: rfc3339(container.createdAtMs),
    Path: path,
    Args: args,
    State: inspectState(state),
    Image: container.imageId,
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    LogPath: hostConfig.LogConfig.Type === "none" ? "" : paths.log,
    Name: `/${container.name}`,
    RestartCount: state.restartCount,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: running.length > 0 ? running : null,
    HostConfig: inspectHostConfig(hostConfig),
    GraphDriver: { Data: { UpperDir: paths.upper, WorkDir: paths.work }, Name: "overlay2" },
    ...(sizes ? { SizeRw: sizes.sizeRw, SizeRootFs: sizes.sizeRootFs } : {}),
    Mounts: container.mounts
      .filter((point) => point.type !== "tmpfs" || !(point.destination in hostConfig.Tmpfs))
      .map(inspectMount),
    Config: inspectConfig(config),
    NetworkSettings: networkSettings(context, container),
  };
}

function inspectState(state: State): Record<string, unknown> {
  const alive = state.status === "running" || state.status === "paused" || state.status === "restarting";
  return {
    Status: state.status,
    Running: alive,
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: state.oomKilled,
    Dead: state.status === "dead",
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: rfc3339(state.startedAtMs),
    FinishedAt: rfc3339(state.finishedAtMs),
    ...(state.health ? { Health: inspectHealth(state.health) } : {}),
  };
}

function inspectHealth({ status, failingStreak, log }: HealthState): Record<string, unknown> {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ startMs, endMs, exitCode, output }) => ({
      Start: rfc3339(startMs),
      End: rfc3339(endMs),
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

export function inspectMount(point: MountPoint): Record<string, unknown> {
  return {
    Type: point.type,
    ...(point.name ? { Name: point.name } : {}),
    Source: point.source,
    Destination: point.destination,
    ...(point.driver ? { Driver: point.driver } : {}),
    Mode: point.mode,
    RW: !point.readonly,
    Propagation: point.propagation,
  };
}

function inspectConfig(config: Config): Record<string, unknown> {
  const {
    ExposedPorts,
    Volumes,
    Healthcheck,
    ArgsEscaped,
    NetworkDisabled,
    MacAddress,
    StopSignal,
    StopTimeout,
    Shell,
    ...always
  } = config;
  return {
    ...always,
    Volumes: Object.keys(Volumes).length > 0 ? Volumes : null,
    ...(Object.keys(ExposedPorts).length > 0 ? { ExposedPorts } : {}),
    ...(Healthcheck ? { Healthcheck } : {}),
    ...(ArgsEscaped ? { ArgsEscaped } : {}),
    ...(NetworkDisabled ? { NetworkDisabled } : {}),
    ...(MacAddress ? { MacAddress } : {}),
    ...(StopSignal ? { StopSignal } : {}),
    ...(StopTimeout !== null ? { StopTimeout } : {}),
    ...(Shell ? { Shell } : {}),
  };
}

/** Docker leaves these out when they are not set. */
const omittedWhenEmpty = [
  "Annotations",
  "Mounts",
  "StorageOpt",
  "Tmpfs",
  "Sysctls",
  "Init",
  "KernelMemory",
  "KernelMemoryTCP",
] as const;
const defaultMasked =
  "/proc/asound /proc/acpi /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats /proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap".split(
    " ",
  );
const defaultReadonly = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger".split(" ");

function inspectHostConfig(host: HostConfig): Record<string, unknown> {
  const out: Record<string, unknown> = {
    ...host,
    ExtraHosts: nullWhenEmpty(host.ExtraHosts),
    OomKillDisable: host.OomKillDisable ?? false,
    Cgroup: "",
    CgroupParent: "",
    Links: null,
    DeviceRequests: null,
    DeviceCgroupRules: nullWhenEmpty(host.DeviceCgroupRules),
    BlkioWeightDevice: host.BlkioWeightDevice,
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    MaskedPaths: host.Privileged ? null : (host.MaskedPaths ?? defaultMasked),
    ReadonlyPaths: host.Privileged ? null : (host.ReadonlyPaths ?? defaultReadonly),
  };
  for (const key of omittedWhenEmpty) {
    const value = out[key];
    if (value === null || (typeof value === "object" && Object.keys(value as object).length === 0)) delete out[key];
  }
  return out;
}

const nullWhenEmpty = <T>(items: T[]): T[] | null => (items.length > 0 ? items : null);
