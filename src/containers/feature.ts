/** The containers feature: what the composition root makes, and what others may ask of it. */
import { mkdirSync } from "node:fs";
import type { Route } from "../api/index.ts";
import type { Logger } from "../base/log.ts";
import type { Endpoint, Engine } from "../engines/index.ts";
import type { Database, Events } from "../state/index.ts";
import { adoptAll } from "./adopt/adopt.ts";
import { type CommitSource, openCommitSource } from "./archive/commit-source.ts";
import { connect } from "./connect/connect.ts";
import { disconnect } from "./connect/disconnect.ts";
import { restoreInterface } from "./connect/restore-interface.ts";
import { createReadyDirectories } from "./create/ready-directories.ts";
import type {
  Clock,
  ContainerDefaults,
  ImageProvider,
  Jobs,
  NetworkProvider,
  ProcessPlanner,
  VolumeProvider,
} from "./dependencies.ts";
import { type Container, isRunning } from "./model/container.ts";
import type { Context } from "./model/context.ts";
import { createTrash } from "./remove/trash.ts";
import { containerRoutes } from "./routes.ts";
import { networkNames } from "./run/network-mode.ts";
import { stop } from "./run/stop.ts";
import { containerMigrations } from "./store/migrations.ts";
import { createStore } from "./store/store.ts";
import { inspect } from "./view/inspect.ts";
import { list } from "./view/list.ts";

export type ContainersDeps = {
  db: Database;
  events: Events;
  engine: Engine;
  images: ImageProvider;
  volumes: VolumeProvider;
  networks: NetworkProvider;
  jobs: Jobs;
  planProcess: ProcessPlanner;
  /** `$HYPERBOX_HOME`. */
  home: string;
  logger: Logger;
  clock: Clock;
  defaults: ContainerDefaults;
  /** Whom every file must belong to, where the daemon has a single id; else null. */
  soleOwner: { uid: number; gid: number } | null;
};

export type ContainerSummary = {
  id: string;
  name: string;
  imageId: string;
  image: string;
  running: boolean;
  network: string;
  volumes: string[];
};

export type LivingContainer = {
  id: string;
  name: string;
  mode: string;
  runtimeId: string;
  endpoints: readonly Endpoint[];
};

type Labels = Readonly<Record<string, string>>;

export type Containers = AsyncDisposable & {
  routes: Route[];
  /** Finds what an earlier daemon left. Once, after the images are known and before the API answers. */
  adopt(): Promise<void>;
  /** Stops every container, for `hbx daemon stop --stop-containers`. */
  stopAll(): Promise<void>;
  counts(): { total: number; running: number; paused: number; stopped: number };
  /** Those with processes, and the host objects they live on. */
  living(): LivingContainer[];
  /** What happens to containers below /networks. */
  networking: {
    connect(container: string, network: string, settings: unknown): Promise<void>;
    disconnect(container: string, network: string, force: boolean): Promise<void>;
    isHeld(network: string): boolean;
    /** A host end is gone: what a running container lost by it is made again. */
    restore(hostInterface: string): void;
  };
  /** Docker's list entries with sizes, for system df. */
  usage(): Promise<readonly object[]>;
  /** All of them as `inspect` shows them. */
  inspectAll(): Record<string, unknown>[];
  /** One line per container, for system df, image and volume listings. */
  summaries(): ContainerSummary[];
  /** Labels of the one meant, or null. */
  labelsOf(ref: string): Labels | null;
  /** Labels of the container in which an exec runs. */
  labelsOfExec(execId: string): Labels | null;
  countWith(label: string, value: string): number;
  commitSources: { open(container: string, options: { pause: boolean }): Promise<CommitSource> };
};

export function createContainers(deps: ContainersDeps): Containers {
  const { db, home, clock, jobs, logger } = deps;
  db.migrate(containerMigrations);
  mkdirSync(`${home}/containers`, { recursive: true, mode: 0o711 });
  const store = createStore(db, clock);
  const trash = createTrash({ home, jobs, clock, logger });
  const ready = createReadyDirectories({ home, clock });
  const context: Context = { ...deps, store, trash, ready, execs: new Map(), releasing: new Set(), closing: false };
  return {
    routes: containerRoutes(context),
    adopt: () => adoptAll(context),
    stopAll: () => stopAll(context),
    counts: () => counts(store.all.values()),
    living: () =>
      [...store.all.values()].flatMap(({ id, name, hostConfig, workload }) => {
        if (!workload) return [];
        const { runtimeId, endpoints } = workload.record;
        return [{ id, name, mode: hostConfig.NetworkMode, runtimeId, endpoints }];
      }),
    networking: {
      connect: (ref, network, settings) => connect(context, store.find(ref), network, settings),
      disconnect: (ref, network, force) => disconnect(context, store.find(ref), network, force),
      restore: (hostInterface) => restoreInterface(context, hostInterface),
      isHeld: (network) => [...store.all.values()].some((container) => networkNames(container).includes(network)),
    },
    usage: () => list(context, new URLSearchParams({ all: "1", size: "1" })),
    inspectAll: () => [...store.all.values()].map((container) => inspect(context, container, null)),
    summaries: () => [...store.all.values()].map(summarise),
    labelsOf(ref) {
      try {
        return store.find(ref).config.Labels;
      } catch {
        return null;
      }
    },
    labelsOfExec(execId) {
      const exec = context.execs.get(execId);
      return (exec && store.all.get(exec.containerId)?.config.Labels) ?? null;
    },
    countWith: (label, value) => [...store.all.values()].filter(({ config }) => config.Labels[label] === value).length,
    commitSources: { open: (ref, options) => openCommitSource(context, ref, options) },
    async [Symbol.asyncDispose]() {
      context.closing = true;
      for (const container of store.all.values()) {
        container.healthTimer?.[Symbol.dispose]();
        container.restartTimer?.[Symbol.dispose]();
      }
      store[Symbol.dispose]();
      await ready[Symbol.asyncDispose]();
      await trash[Symbol.asyncDispose]();
    },
  };
}

async function stopAll(context: Context): Promise<void> {
  const running = [...context.store.all.values()].filter(isRunning);
  await Promise.allSettled(
    running.map(async (container) => {
      await stop(context, container, {});
      // Stopped by the daemon, not by a person: policies apply again at its next start.
      container.state.manuallyStopped = false;
      context.store.saveSoon(container);
    }),
  );
}

function counts(containers: Iterable<Container>): { total: number; running: number; paused: number; stopped: number } {
  const out = { total: 0, running: 0, paused: 0, stopped: 0 };
  for (const { state } of containers) {
    out.total += 1;
    if (state.status === "paused") out.paused += 1;
    else if (state.status === "running" || state.status === "restarting") out.running += 1;
    else out.stopped += 1;
  }
  return out;
}

function summarise(container: Container): ContainerSummary {
  return {
    id: container.id,
    name: container.name,
    imageId: container.imageId,
    image: container.config.Image,
    running: isRunning(container),
    network: container.hostConfig.NetworkMode,
    volumes: container.mounts.flatMap((point) => (point.type === "volume" ? [point.name] : [])),
  };
}
