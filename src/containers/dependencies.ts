/** What the containers feature needs of its neighbours, as narrow as it can be. The composition root hands these in. */
import type {
  Endpoint,
  JobFrame,
  LayerStack,
  NetworkRequest,
  ProcessPlan,
  ProcessSpec,
  SecuritySpec,
  WorkloadSpec,
} from "../engines/index.ts";
import type { PortMap } from "./schema/host-config.ts";
import type { ImageConfig } from "./schema/image-config.ts";
import type { EndpointSettings } from "./schema/networking.ts";

export type ImageForContainer = {
  /** `sha256:…` of the image's configuration. */
  id: string;
  /** The OCI image config's `config` object; may be empty. */
  config: ImageConfig;
  layers: LayerStack;
  /** Contents of the image's files. */
  sizeBytes: number;
};

export type ImageProvider = {
  /** By name, digest or id; an empty `platform` asks for none. Throws a not_found error with Docker's "No such image: x:latest". */
  resolve(reference: string, platform?: string): ImageForContainer | Promise<ImageForContainer>;
  /** By full id, though its names may be gone. */
  byId(id: string): ImageForContainer | Promise<ImageForContainer>;
  /** While held, the image can be untagged but not deleted. Both are idempotent per container. */
  hold(imageId: string, containerId: string): void;
  release(imageId: string, containerId: string): void;
};

export type VolumeRequest = {
  /** Null: an anonymous volume. */
  name: string | null;
  /** Empty: the default driver. */
  driver: string;
  driverOptions: Record<string, string>;
  labels: Record<string, string>;
};

export type VolumeForContainer = { name: string; driver: string; path: string };

export type VolumeProvider = {
  /** Finds or creates it. The request's driver must match that of an existing volume. */
  ensure(request: VolumeRequest): VolumeForContainer | Promise<VolumeForContainer>;
  /** Copies the image's content at `guestPath` into the volume if that is empty, with owner and mode. */
  copyUp(name: string, layers: LayerStack, guestPath: string): Promise<void>;
  /** While held, the volume cannot be removed. Both are idempotent per container. */
  hold(name: string, containerId: string): void;
  release(name: string, containerId: string): void;
  /** Removes an anonymous volume that nobody holds; leaves named ones alone. */
  removeAnonymous(name: string): Promise<void>;
};

export type GuestFiles = { hostname: string; hosts: string; resolvConf: string };

export type GuestFilesRequest = {
  mode: string;
  hostname: string;
  domainname: string;
  /** `name:address`, `host-gateway` included. */
  extraHosts: readonly string[];
  /** Names by which the container answers on its own address. */
  aliases: readonly string[];
  dns: readonly string[];
  dnsSearch: readonly string[];
  dnsOptions: readonly string[];
  /** The way out first. */
  endpoints: readonly Endpoint[];
  /** In a network whose containers are found by name. */
  named: boolean;
};

/** Who a container is to those that ask for it by name. */
export type NamedContainer = {
  containerId: string;
  containerName: string;
  hostname: string;
  domainname: string;
  namespace: string;
  dns: { servers: readonly string[]; search: readonly string[]; options: readonly string[] };
  /** By the names of networks. */
  aliases: Readonly<Record<string, readonly string[]>>;
};

export type Priorities = Readonly<Record<string, number>>;

export type NetworkProvider = {
  /** What a container gets that asks for none in particular; with a reason where that is no network at all. */
  readonly default: { mode: string; without: string | null };
  /** Checks what is asked of networks; endpoints by the networks' own names, that of `mode` first. Throws what cannot be had. */
  plan(
    mode: string,
    wanted: Readonly<Record<string, EndpointSettings>>,
    none: EndpointSettings,
  ): [string, EndpointSettings][];
  /** The same for one that is connected later, to a container in `others`; answers its name. */
  planConnect(ref: string, settings: EndpointSettings, others: readonly string[]): string;
  /** What to ask of the engine for a start in this network. Throws not_found "network x not found". */
  request(mode: string, settings: EndpointSettings): NetworkRequest;
  nameOf(ref: string): string;
  /** Id of a network as inspect shows it; empty when unknown. */
  networkId(name: string): string;
  endpointId(network: string, containerId: string): string;
  /** Whether its containers are found by name, and whether their ports can be published. False for an unknown one. */
  hasNames(name: string): boolean;
  canPublish(name: string): boolean;
  files(request: GuestFilesRequest): GuestFiles;
  /** A further interface in `namespace`, beside those that it has. */
  attach(name: string, settings: EndpointSettings, namespace: string, used: readonly Endpoint[]): Promise<Endpoint>;
  /** The same interface again, after somebody deleted it. */
  attachAgain(endpoint: Endpoint, namespace: string): Promise<void>;
  detach(endpoint: Endpoint, namespace: string): Promise<void>;
  release(endpoint: Endpoint): void;
  /** Makes the default routes right for what is connected. */
  route(endpoints: readonly Endpoint[], priorities: Priorities, namespace: string): Promise<void>;
  /** Who is where: before its process runs, and at each connect. Again: after a restart of the daemon. */
  announce(who: NamedContainer, endpoints: readonly Endpoint[]): Promise<void>;
  announceAgain(who: NamedContainer, endpoints: readonly Endpoint[]): Promise<void>;
  withdraw(containerId: string, endpoints: readonly Endpoint[]): void;
  /** Opens the ports, all or none; answers the bindings as they really are. Only called when there are any. */
  publish(
    containerId: string,
    endpoints: readonly Endpoint[],
    priorities: Priorities,
    ports: PortMap,
  ): Promise<PortMap>;
  unpublish(containerId: string): Promise<void>;
};

export type JobDone = Readonly<Record<string, unknown>>;

export type JobOptions = {
  signal?: AbortSignal | undefined;
  /** The stream section sent after the frame. */
  input?: AsyncIterable<Uint8Array> | undefined;
  /** Takes frames before `done`, such as `change`. */
  onFrame?: (frame: Record<string, unknown>) => void;
};

export type Jobs = {
  /** Runs to the end; a failure is an EngineError with `details: { step, errno, path }`. */
  run(frame: JobFrame, options?: JobOptions): Promise<JobDone>;
  /** Runs a job that answers with bytes. Ending the iteration early cancels it. */
  stream(frame: JobFrame, options?: { signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>;
};

export type Clock = {
  nowMs(): number;
  /** Calls `work` once after `delayMs`. Disposing cancels it; idempotent. */
  after(delayMs: number, work: () => void): Disposable;
};

export type ContainerDefaults = {
  /** Bounded by default. */
  logMaxBytes: number;
  logMaxFiles: number;
  stopTimeoutSec: number;
  shmSizeBytes: number;
};

/** Turns the process of an exec into what the core executes, with the container's security settings. */
export type ProcessPlanner = (
  process: ProcessSpec,
  security: SecuritySpec,
  ulimits: WorkloadSpec["ulimits"],
) => ProcessPlan;
