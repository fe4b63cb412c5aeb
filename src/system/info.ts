/** GET /info: real facts of host and daemon, and a warning for all that is degraded. */
import type { BuildFacts, ContainerCounts } from "./dependencies.ts";
import type { HostFacts } from "./host-facts.ts";

export type InfoInput = {
  /** Stable id of this daemon. */
  id: string;
  home: string;
  build: BuildFacts;
  host: HostFacts;
  rootless: boolean;
  /** What this daemon cannot do as others do, in words. */
  degraded: readonly string[];
  counts: ContainerCounts;
  imageCount: number;
  driver: string;
  driverDetail: string;
  /** Type of the filesystem that holds the home. */
  backingFilesystem: string;
  eventListeners: number;
  fileDescriptors: number;
  proxies: { http: string; https: string; no: string };
  nowMs: number;
};

export function infoBody(input: InfoInput) {
  const { host, counts, build, rootless } = input;
  const has = (name: Parameters<HostFacts["controllers"]["has"]>[0]) => host.controllers.has(name);
  return {
    ID: input.id,
    Containers: counts.running + counts.paused + counts.stopped,
    ContainersRunning: counts.running,
    ContainersPaused: counts.paused,
    ContainersStopped: counts.stopped,
    Images: input.imageCount,
    Driver: input.driver,
    DriverStatus: [
      ["Backing Filesystem", input.backingFilesystem],
      ["Layers", input.driverDetail],
    ],
    DockerRootDir: input.home,
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "null"],
      Authorization: null,
      Log: ["json-file", "local"],
    },
    MemoryLimit: has("memory"),
    SwapLimit: host.swapLimit,
    CpuCfsPeriod: has("cpu"),
    CpuCfsQuota: has("cpu"),
    CPUShares: has("cpu"),
    CPUSet: has("cpuset"),
    PidsLimit: has("pids"),
    OomKillDisable: host.cgroupVersion === 1 && has("memory"),
    IPv4Forwarding: host.ipv4Forwarding,
    Debug: false,
    NFd: input.fileDescriptors,
    NGoroutines: 1,
    SystemTime: new Date(input.nowMs).toISOString(),
    LoggingDriver: "json-file",
    CgroupDriver: host.controllers.size === 0 ? "none" : "cgroupfs",
    CgroupVersion: String(host.cgroupVersion),
    NEventsListener: input.eventListeners,
    KernelVersion: host.kernel,
    OperatingSystem: host.osName,
    OSVersion: host.osVersion,
    OSType: "linux",
    Architecture: host.machine,
    NCPU: host.cpuCount,
    MemTotal: host.memoryBytes,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: { InsecureRegistryCIDRs: [], IndexConfigs: {}, Mirrors: [] },
    GenericResources: null,
    HttpProxy: withoutSecret(input.proxies.http),
    HttpsProxy: withoutSecret(input.proxies.https),
    NoProxy: input.proxies.no,
    Name: host.hostname,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: build.version,
    Runtimes: { native: { path: "hbx-core" } },
    DefaultRuntime: "native",
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "hbx-core",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: "" },
    InitCommit: { ID: "" },
    SecurityOptions: securityOptions(host, rootless),
    Warnings: [...infoWarnings(host, rootless), ...input.degraded.map((text) => `WARNING: ${text}`)],
    CDISpecDirs: [],
  };
}

function securityOptions(host: HostFacts, rootless: boolean): string[] {
  const options: string[] = [];
  if (host.seccomp) options.push("name=seccomp,profile=builtin");
  if (rootless) options.push("name=rootless");
  if (host.cgroupVersion === 2) options.push("name=cgroupns");
  return options;
}

/** One line for each thing that Docker's users would miss. */
export function infoWarnings(host: HostFacts, rootless: boolean): string[] {
  const warnings: string[] = [];
  const missing = (what: string) => warnings.push(`WARNING: No ${what} support`);
  if (!host.controllers.has("memory")) missing("memory limit");
  if (!host.swapLimit) missing("swap limit");
  if (!host.controllers.has("cpu")) {
    missing("cpu cfs quota");
    missing("cpu shares");
  }
  if (!host.controllers.has("cpuset")) missing("cpuset");
  if (!host.controllers.has("pids")) missing("pids limit");
  if (!host.controllers.has("blkio")) missing("block I/O limit");
  if (!host.seccomp) missing("seccomp");
  if (!host.ipv4Forwarding && !rootless) warnings.push("WARNING: IPv4 forwarding is disabled");
  return warnings;
}

/** `http://user:secret@host` → `http://xxxxx:xxxxx@host`, as Docker shows it. */
function withoutSecret(proxy: string): string {
  return proxy.replace(/^([a-z]+:\/\/)[^/@]*@/i, "$1xxxxx:xxxxx@");
}
