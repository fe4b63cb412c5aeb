/** Container + image layers → WorkloadSpec. Looks up nothing but the pids of containers whose namespaces are joined. */
import type { LayerStack, MountSpec, NamespaceSource, WorkloadSpec } from "../../engines/index.ts";
import { parseLogConfig } from "../logs/log-config.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import type { MountPoint } from "../model/mount-point.ts";
import { containerPaths } from "../model/paths.ts";
import { parseNetworkMode, pidOf } from "./network-mode.ts";
import { containerProcess, securitySpec, ulimits } from "./process-spec.ts";
import { resources } from "./resources.ts";

export function workloadSpec(context: Context, container: Container, layers: LayerStack): WorkloadSpec {
  const { config, hostConfig: host } = container;
  const paths = containerPaths(context.home, container.id);
  const log = parseLogConfig(host.LogConfig, context.defaults);
  const network = parseNetworkMode(host.NetworkMode);
  const networkOwner = network.kind === "container" ? context.store.find(network.ref).id : container.id;
  const etc = containerPaths(context.home, networkOwner);
  return {
    id: container.id,
    hostname: config.Hostname,
    domainname: config.Domainname,
    process: containerProcess(container),
    stdio: {
      tty: config.Tty,
      rows: container.size?.rows ?? host.ConsoleSize[0],
      cols: container.size?.cols ?? host.ConsoleSize[1],
      openStdin: config.OpenStdin,
      // A terminal stays open when its client leaves: detaching must not end the shell.
      stdinOnce: config.StdinOnce && !config.Tty,
    },
    init: host.Init ?? false,
    root: { ...layers, upper: paths.upper, work: paths.work, volatile: host.AutoRemove, readonly: host.ReadonlyRootfs },
    mounts: mountSpecs(container),
    shmSizeBytes: host.ShmSize,
    etcFiles: { hosts: etc.hosts, hostname: etc.hostname, resolvConf: etc.resolvConf },
    namespaces: {
      pid: namespaceSource(context, host.PidMode, "pid"),
      ipc: namespaceSource(context, host.IpcMode, "ipc"),
      uts: host.UTSMode === "host" ? { kind: "host" } : { kind: "new" },
      cgroup: host.CgroupnsMode === "host" ? { kind: "host" } : { kind: "new" },
      net: networkNamespace(context, container),
    },
    security: securitySpec(container),
    sysctls: host.Sysctls,
    devices: host.Devices.map((device) => ({
      hostPath: device.PathOnHost,
      guestPath: device.PathInContainer || device.PathOnHost,
      permissions: device.CgroupPermissions || "rwm",
    })),
    deviceCgroupRules: host.DeviceCgroupRules,
    ulimits: ulimits(container),
    resources: resources(host),
    log: log && { path: paths.log, ...log },
    exitFile: paths.exitFile,
  };
}

function namespaceSource(context: Context, mode: string, type: string): NamespaceSource {
  if (mode === "host") return { kind: "host" };
  if (!mode.startsWith("container:")) return { kind: "new" };
  return { kind: "join", path: `/proc/${pidOf(context, mode.slice("container:".length))}/ns/${type}` };
}

function networkNamespace(context: Context, { config, hostConfig }: Container): WorkloadSpec["namespaces"]["net"] {
  const mode = parseNetworkMode(hostConfig.NetworkMode);
  if (config.NetworkDisabled) return { kind: "prepared" };
  if (mode.kind === "host") return { kind: "host" };
  if (mode.kind === "container") return { kind: "join", path: `/proc/${pidOf(context, mode.ref)}/ns/net` };
  return { kind: "prepared" };
}

const hostShm: MountSpec = {
  kind: "bind",
  source: "/dev/shm",
  target: "/dev/shm",
  readonly: false,
  recursive: false,
  propagation: "rprivate",
  label: "the host's shared memory",
};

function mountSpecs({ mounts, hostConfig }: Container): MountSpec[] {
  // Parents before what is mounted inside them.
  const specs = mounts.toSorted((a, b) => depth(a.destination) - depth(b.destination)).map(mountSpec);
  if (hostConfig.IpcMode === "host") specs.push(hostShm);
  return specs;
}

const depth = (path: string): number => path.split("/").length;

function mountSpec(point: MountPoint): MountSpec {
  const { source, destination: target, readonly, recursive } = point;
  if (point.type === "tmpfs") {
    const options = point.tmpfsData === "" ? [] : point.tmpfsData.split(",");
    return { kind: "tmpfs", target, options, readonly: readonly || options.includes("ro"), copyUp: false };
  }
  const label = point.type === "volume" ? `volume ${point.name}` : `host path ${source}`;
  return { kind: "bind", source, target, readonly, recursive, propagation: point.propagation || "rprivate", label };
}
