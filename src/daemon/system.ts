/** The system feature's routes, with totals gathered from the other features. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { formatVersion, newestVersion, oldestVersion, type Route } from "../api/index.ts";
import type { Digest } from "../base/digest.ts";
import type { Containers } from "../containers/index.ts";
import { heldLimits, type Jobs, type PlanFacts } from "../engines/native/index.ts";
import { type Images, listImages, type StorageChoice, storeUsage } from "../images/index.ts";
import type { Events } from "../state/index.ts";
import { systemRoutes } from "../system/index.ts";
import { type Volumes, volumeBody } from "../volumes/index.ts";
import { degradedWithoutRoot, type RootlessFacts } from "./rootless.ts";

/** Written in by scripts/build.mjs; sources that run as they are have neither. */
declare const HBX_GIT_COMMIT: string;
declare const HBX_BUILT_AT: string;
const build = {
  gitCommit: typeof HBX_GIT_COMMIT === "undefined" ? "" : HBX_GIT_COMMIT,
  builtAt: typeof HBX_BUILT_AT === "undefined" ? "" : HBX_BUILT_AT,
};

type Deps = {
  home: string;
  events: Events;
  jobs: Jobs;
  images: Images;
  volumes: Volumes;
  containers: Containers;
  rootless: RootlessFacts | null;
  /** The daemon's, for its proxy settings. */
  environment: Readonly<Record<string, string | undefined>>;
  cgroups: PlanFacts["cgroups"];
  storage: StorageChoice;
};

export function createSystemRoutes({
  home,
  events,
  jobs,
  images,
  volumes,
  containers,
  rootless,
  environment,
  cgroups,
  storage,
}: Deps): Route[] {
  return systemRoutes({
    id: stableId(join(home, "daemon-id")),
    ...{ home, events, jobs, rootless, environment },
    limits: heldLimits(cgroups),
    degraded: [...cgroups.degraded, ...degradedWithoutRoot(rootless)],
    build: { version: packageJson.version, ...build },
    api: { newest: formatVersion(newestVersion), oldest: formatVersion(oldestVersion) },
    containers: { counts: containers.counts, usage: () => containers.usage() },
    images: {
      count: () => images.store.list().length,
      usage: () => imagesUsage(images),
      driver: storage.driver,
      driverDetail: storage.detail,
    },
    volumes: {
      usage: async () =>
        Promise.all(
          volumes.list().map(async (volume) => ({
            ...volumeBody(volume),
            UsageData: {
              RefCount: volumes.holdersOf(volume.name).length,
              Size: Number((await jobs.run({ t: "usage", path: volume.path }))["sizeBytes"] ?? -1),
            },
          })),
        ),
    },
  });
}

/** Sizes are those on disk, where what images share lies once. */
async function imagesUsage(images: Images) {
  const usage = await storeUsage(images);
  const listed = listImages(images, { all: true, filters: new Map(), sharedSize: false, countContainers: true });
  return {
    summaries: listed.map((summary) => {
      const { sizeBytes = 0, sharedBytes = 0 } = usage.images.get(summary.Id as Digest) ?? {};
      return { ...summary, Size: sizeBytes, SharedSize: sharedBytes };
    }),
    sizeBytes: usage.sizeBytes,
    reclaimableBytes: usage.reclaimableBytes,
  };
}

/** Docker's daemon id: made once for a home. */
function stableId(path: string): string {
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  const id = randomUUID();
  writeFileSync(path, `${id}\n`);
  return id;
}
