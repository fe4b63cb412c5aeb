/** Endpoints about the daemon itself, beside Docker's. */
import type { Route } from "../api/index.ts";
import { boolQuery } from "../api/index.ts";
import type { Places } from "../config/index.ts";

type Deps = {
  places: Places;
  stop(options: { stopContainers: boolean }): void;
  spares(): Record<string, number>;
};

export function daemonRoutes({ places, stop, spares }: Deps): Route[] {
  const startedAt = new Date().toISOString();
  return [
    {
      method: "GET",
      path: "/hbx/v1/daemon",
      handle: ({ sendJson }) =>
        sendJson(200, { Pid: process.pid, Home: places.home, Run: places.run, StartedAt: startedAt, Spares: spares() }),
    },
    {
      method: "POST",
      path: "/hbx/v1/daemon/stop",
      handle({ query, sendEmpty }) {
        sendEmpty(202);
        setImmediate(() => stop({ stopContainers: boolQuery(query, "containers") }));
      },
    },
  ];
}
