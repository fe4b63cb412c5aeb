/** `GET /hbx/v1/networks/doctor?container=&target=` */
import type { Route } from "../../api/index.ts";
import type { JobFrame } from "../../engines/index.ts";
import { networkNames } from "../names.ts";
import { diagnose } from "./diagnose.ts";
import { readContainer, readNetwork } from "./facts.ts";
import { type HostView, systemHostView } from "./host-view.ts";
import type { Reach } from "./patient.ts";
import { parseRuleset } from "./ruleset.ts";

export type DoctorDeps = {
  tag: string;
  jobs: { run(frame: JobFrame, options?: { signal?: AbortSignal }): Promise<Readonly<Record<string, unknown>>> };
  /** Networks and containers as the API shows them. */
  networks(): readonly object[];
  containers(): readonly object[];
  host?: HostView;
};

const timeoutMs = 2000;

export function doctorRoutes({ tag, jobs, networks, containers, host = systemHostView }: DoctorDeps): Route[] {
  return [
    {
      method: "GET",
      path: "/hbx/v1/networks/doctor",
      async handle({ query, signal, sendJson }) {
        const reach: Reach = async (ask) => {
          const { errno, reply } = await jobs.run({ t: "reach", ...ask, timeoutMs }, { signal });
          return { errno: Number(errno), reply: reply instanceof Uint8Array ? reply : new Uint8Array() };
        };
        const seen = await host.rules();
        const ruleset = seen && parseRuleset(seen.json);
        const patient = {
          ...{ host, reach, table: networkNames(tag).table },
          networks: networks().map(readNetwork),
          containers: containers().map(readContainer),
          rules: seen && ruleset ? { ruleset, listing: seen.listing } : null,
        };
        sendJson(200, await diagnose(patient, query.get("container"), query.get("target")));
      },
    },
  ];
}
