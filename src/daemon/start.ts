/** The composition root: every feature is made here, once, and handed what it needs. */
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { createApiServer, type Route } from "../api/index.ts";
import type { Logger } from "../base/log.ts";
import type { Places, Settings } from "../config/index.ts";
import { type Containers, createContainers } from "../containers/index.ts";
import {
  createHeldMounts,
  createJobs,
  createNativeEngine,
  createZygote,
  failureMessage,
  mountPoints,
  openNameControl,
  planProcess,
} from "../engines/native/index.ts";
import {
  type CommitSources,
  chooseStorageDriver,
  createImageResolver,
  imageRoutes,
  keepBudgets,
  openImages,
  sweepImages,
} from "../images/index.ts";
import { createNameService, createNetworks, doctorRoutes, networkMigrations, networkRoutes } from "../network/index.ts";
import { createRegistry, openRegistryTable, registryKeeper, registryRoutes } from "../registry/index.ts";
import { defaultCapabilities } from "../security/index.ts";
import { createSockets, socketRoutes } from "../sockets/index.ts";
import { createEvents, openDatabase } from "../state/index.ts";
import { createContainerVolumes, openVolumes, volumeRoutes } from "../volumes/index.ts";
import { attachedContainers, commitSource, imageUses, labelledObjects } from "./bridges.ts";
import { checkPools } from "./check-pools.ts";
import { createClock } from "./clock.ts";
import { readPlanFacts } from "./host-facts.ts";
import { registrySettings } from "./registry-settings.ts";
import type { RootlessFacts } from "./rootless.ts";
import { daemonRoutes } from "./routes.ts";
import { createSystemRoutes } from "./system.ts";
import { openTcp } from "./tcp.ts";
import { warmNetwork } from "./warm-network.ts";

export type DaemonInput = {
  places: Places;
  settings: Readonly<Settings>;
  logger: Logger;
  corePath: string;
  rootless: RootlessFacts | null;
  environment: Readonly<Record<string, string | undefined>>;
  /** Called when a client asks the daemon to stop. */
  stop(options: StopOptions): void;
};
export type StopOptions = { stopContainers: boolean };
export type Daemon = { stop(options: StopOptions): Promise<void> };

/** Changes when either may have learned to mount images. */
function kernelAndCore(corePath: string): string {
  const { size, mtimeMs } = statSync(corePath);
  return [readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), size, mtimeMs].join(" ");
}

const stopTimeoutSec = 10;
const shmSizeBytes = 64 * 1024 * 1024;

export async function startDaemon(input: DaemonInput): Promise<Daemon> {
  const { places, settings, logger, corePath, rootless, environment } = input;
  const { home, run, tag } = places;
  const db = openDatabase(join(home, "state.db")); // from here on the home is ours
  const events = createEvents();
  const facts = readPlanFacts(home, rootless);
  const zygote = createZygote({ corePath, socketPath: join(run, "zygote"), logger });
  const jobs = createJobs(zygote.connect, (_frame, failed) => failureMessage(failed));

  let containers: Containers | null = null;
  const summaries = () => containers?.summaries() ?? [];
  db.migrate(networkMigrations);
  const names = createNameService({
    ...{ jobs, logger },
    connect: openNameControl,
    socketPath: join(run, "names"),
    resolvConf: "/etc/resolv.conf",
  });
  const networks = createNetworks({
    names,
    ...{ db, jobs, events, logger, tag },
    publishAddress: settings.publishAddress,
    ...(settings.addressPools.length > 0 ? { addressPools: checkPools(settings.addressPools) } : {}),
    attached: () => attachedContainers(containers),
    lostInterface: (name) => containers?.networking.restore(name),
    containerName: (id) => summaries().find((one) => one.id === id)?.name ?? id,
    spares: { warm: (id) => engine.warmNetwork(id), drain: (id) => engine.drainNetwork(id) },
    withoutBridge: rootless ? "this daemon runs without root" : null,
  });
  const engine = createNativeEngine({
    ...{ facts, home, logger, runDir: run },
    connect: zygote.connect,
    network: networks,
    spares: settings.spares,
    warmNetwork: warmNetwork(rootless !== null, networks.networkId("bridge")),
  });
  const commits: CommitSources = {
    open(container, options) {
      if (!containers) throw new Error("commit before the containers were opened");
      return commitSource(containers, container, options);
    },
  };
  const registryTable = openRegistryTable(db);
  const mounts = createHeldMounts(zygote.connect, (failed) => failureMessage(failed));
  const storage = await chooseStorageDriver({
    ...{ home, jobs, mounts, asked: settings.storageDriver },
    stamp: kernelAndCore(corePath),
  });
  if (storage.driver !== "erofs") mounts[Symbol.dispose](); // nobody will ask for one
  const images = openImages({
    keeper: registryKeeper(registryTable),
    ...{ home, db, jobs, events, commits, mounts, uses: imageUses(summaries) },
    storageDriver: storage.driver,
    mountPoints,
    chownToSelf: rootless !== null && !rootless.subordinateIds,
    registrySettings: registrySettings(home, settings, environment),
  });
  const registry = createRegistry({ home, db, images, table: registryTable, logger });
  const volumes = openVolumes({ home, db, jobs, events });
  containers = createContainers({
    ...{ db, events, engine, networks, jobs, home, logger },
    images: createImageResolver(images),
    volumes: createContainerVolumes(volumes),
    planProcess: (process, security, ulimits) =>
      planProcess({ security, ulimits, resources: {} }, process, facts, false),
    clock: createClock(),
    soleOwner: facts.singleId ? { uid: 0, gid: 0 } : null,
    defaults: { logMaxBytes: settings.logMaxBytes, logMaxFiles: settings.logMaxFiles, stopTimeoutSec, shmSizeBytes },
  });

  await containers.adopt();
  const living = containers.living();
  await engine.sweep(new Set(living.map(({ runtimeId }) => runtimeId)));
  await networks.sweep(living);
  await sweepImages(images);
  await volumes.sweep();
  const { imageMaxUnusedDays: days, imageStoreMaxBytes: maxSizeBytes } = settings;
  const budgets = keepBudgets(images, { maxUnusedMs: days && days * 86_400_000, maxSizeBytes }, (event, fields) =>
    logger.log("info", event, { ...fields }),
  );

  const sockets = createSockets({ db, home, logger, objects: labelledObjects(containers, volumes) });
  const routes: Route[] = [
    ...containers.routes,
    ...socketRoutes(sockets),
    ...imageRoutes(images),
    ...registryRoutes(registry),
    ...volumeRoutes(volumes),
    // Before those that take any name for a network's.
    ...doctorRoutes({
      tag,
      jobs,
      networks: () => networks.described(),
      containers: () => containers.inspectAll(),
    }),
    ...networkRoutes(networks, containers.networking),
    ...createSystemRoutes({
      home,
      environment,
      events,
      jobs,
      images,
      volumes,
      containers,
      rootless,
      cgroups: facts.cgroups,
      storage,
    }),
    ...daemonRoutes({ places, stop: input.stop, spares: engine.ready }),
  ];
  const server = createApiServer(routes, logger);
  const tcp = await openTcp(settings.tcp, places.socket, logger);
  await registry.restore();
  await sockets.open(routes);
  await server.listen(places.socket);
  engine.warm();
  facts.seccomp.default(defaultCapabilities); // compiled before the first start asks for it

  return {
    async stop({ stopContainers }) {
      images.closing = true;
      if (stopContainers) await containers.stopAll();
      await tcp?.[Symbol.asyncDispose]();
      await sockets[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await containers[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await networks.teardown();
      names[Symbol.dispose]();
      budgets[Symbol.dispose]();
      mounts[Symbol.dispose]();
      await zygote[Symbol.asyncDispose]();
      db[Symbol.dispose]();
      for (const path of [places.socket, places.pidFile]) rmSync(path, { force: true });
    },
  };
}
