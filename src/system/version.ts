/** GET /version. */
import type { BuildFacts } from "./dependencies.ts";
import type { HostFacts } from "./host-facts.ts";

export type ApiRange = { newest: string; oldest: string };

export function versionBody(build: BuildFacts, host: HostFacts, api: ApiRange) {
  const runtime = `bun${process.versions.bun ?? ""}`;
  return {
    Platform: { Name: "HyperBox" },
    Components: [
      {
        Name: "Engine",
        Version: build.version,
        Details: {
          ApiVersion: api.newest,
          Arch: host.goArch,
          BuildTime: build.builtAt,
          Experimental: "false",
          GitCommit: build.gitCommit,
          GoVersion: runtime,
          KernelVersion: host.kernel,
          MinAPIVersion: api.oldest,
          Os: "linux",
        },
      },
    ],
    Version: build.version,
    ApiVersion: api.newest,
    MinAPIVersion: api.oldest,
    GitCommit: build.gitCommit,
    GoVersion: runtime,
    Os: "linux",
    Arch: host.goArch,
    KernelVersion: host.kernel,
    BuildTime: build.builtAt,
  };
}
