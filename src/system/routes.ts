/** Endpoints of the daemon itself. */
import { readdirSync, statfsSync } from "node:fs";
import type { Route } from "../api/index.ts";
import type { Events } from "../state/index.ts";
import type { BuildFacts, Jobs } from "./dependencies.ts";
import { handleDiskUsage, type UsageDeps } from "./disk-usage.ts";
import { handleDoctor } from "./doctor/doctor.ts";
import type { RootlessDaemon } from "./doctor/findings.ts";
import { handleEvents } from "./events.ts";
import { filesystemName } from "./filesystem.ts";
import { type HostFacts, readHostFacts } from "./host-facts.ts";
import { infoBody } from "./info.ts";
import { handlePing, handlePingHead } from "./ping.ts";
import { unsupportedRoutes } from "./unsupported-routes.ts";
import { type ApiRange, versionBody } from "./version.ts";

export type SystemDeps = UsageDeps & {
  /** Stable id of this daemon. */
  id: string;
  home: string;
  build: BuildFacts;
  api: ApiRange;
  events: Events;
  jobs: Jobs;
  /** Null where the daemon is the machine's root. */
  rootless: RootlessDaemon | null;
  /** What containers can be limited by, where that is less than the host has. */
  limits: Pick<HostFacts, "controllers" | "swapLimit">;
  degraded: readonly string[];
  /** The daemon's environment, for its proxy settings. */
  environment: Readonly<Record<string, string | undefined>>;
};

export function systemRoutes(deps: SystemDeps): Route[] {
  let listeners = 0;
  return [
    { method: "GET", path: "/_ping", handle: handlePing },
    { method: "HEAD", path: "/_ping", handle: handlePingHead },
    {
      method: "GET",
      path: "/version",
      handle: (request) => request.sendJson(200, versionBody(deps.build, readHostFacts(), deps.api)),
    },
    { method: "GET", path: "/info", handle: (request) => request.sendJson(200, readInfo(deps, listeners)) },
    {
      method: "GET",
      path: "/events",
      async handle(request) {
        listeners++;
        try {
          await handleEvents(deps.events, request);
        } finally {
          listeners--;
        }
      },
    },
    { method: "GET", path: "/system/df", since: "1.25", handle: (request) => handleDiskUsage(deps, request) },
    // There is no builder and so no cache of one: nothing is there to remove.
    {
      method: "POST",
      path: "/build/prune",
      since: "1.31",
      handle: ({ sendJson }) => sendJson(200, { CachesDeleted: null, SpaceReclaimed: 0 }),
    },
    { method: "GET", path: "/hbx/v1/doctor", handle: (request) => handleDoctor(deps, request) },
    ...unsupportedRoutes(),
  ];
}

function readInfo(deps: SystemDeps, listeners: number) {
  const proxy = (name: string) => deps.environment[name] ?? deps.environment[name.toLowerCase()] ?? "";
  return infoBody({
    id: deps.id,
    home: deps.home,
    build: deps.build,
    host: { ...readHostFacts(), ...deps.limits },
    rootless: deps.rootless !== null,
    degraded: deps.degraded,
    counts: deps.containers.counts(),
    imageCount: deps.images.count(),
    driver: deps.images.driver,
    driverDetail: deps.images.driverDetail,
    backingFilesystem: filesystemName(statfsSync(deps.home).type),
    eventListeners: listeners,
    fileDescriptors: readdirSync("/proc/self/fd").length,
    proxies: { http: proxy("HTTP_PROXY"), https: proxy("HTTPS_PROXY"), no: proxy("NO_PROXY") },
    nowMs: Date.now(),
  });
}
