/** GET /hbx/v1/doctor: looks at the host by trying things, and says what works, what is degraded and what to do. */
import { lookup } from "node:dns/promises";
import { existsSync, readFileSync, statfsSync } from "node:fs";
import type { ApiRequest } from "../../api/index.ts";
import { errorText } from "../../base/errors.ts";
import type { ProbeName } from "../../engines/index.ts";
import type { Jobs } from "../dependencies.ts";
import { type HostFacts, readHostFacts } from "../host-facts.ts";
import { runChecks } from "./checks.ts";
import type { Findings, ProbeResult, RootlessDaemon } from "./findings.ts";

export type DoctorDeps = {
  jobs: Jobs;
  home: string;
  rootless: RootlessDaemon | null;
  limits: Pick<HostFacts, "controllers" | "swapLimit">;
};

const probeNames: readonly ProbeName[] = [
  "overlay",
  "overlayVolatile",
  "overlayDataOnly",
  "erofs",
  "userns",
  "idmappedMount",
  "timens",
  "cgroup2Delegation",
  "seccomp",
  "landlock",
  "nftables",
  "veth",
  "openat2",
  "cloneIntoCgroup",
];

export async function handleDoctor(deps: DoctorDeps, request: ApiRequest): Promise<void> {
  request.sendJson(200, runChecks(await readFindings(deps, request.signal)));
}

export async function readFindings(
  { jobs, home, rootless, limits }: DoctorDeps,
  signal: AbortSignal,
): Promise<Findings> {
  const entries: [ProbeName, ProbeResult][] = [];
  // One after the other: some of them load kernel modules.
  for (const what of probeNames) entries.push([what, await probe(jobs, what, signal)]);
  const disk = statfsSync(home);
  // Inside a user namespace everybody's name is root.
  const uid = rootless?.uid ?? process.getuid?.() ?? 0;
  const username = nameOf(readText("/etc/passwd"), uid);
  return {
    host: { ...readHostFacts(), ...limits },
    rootless,
    user: username,
    probes: Object.fromEntries(entries) as Record<ProbeName, ProbeResult>,
    subordinateIds: {
      uids: countIds(readText("/etc/subuid"), username, uid),
      gids: countIds(readText("/etc/subgid"), username, uid),
    },
    newuidmap: ["/usr/bin/newuidmap", "/bin/newuidmap", "/usr/local/bin/newuidmap"].some((path) => existsSync(path)),
    localhostNames: await lookup("doctor.hbx.localhost").then(
      ({ address }) => address === "127.0.0.1" || address === "::1",
      () => false,
    ),
    disk: {
      freeBytes: disk.bavail * disk.bsize,
      totalBytes: disk.blocks * disk.bsize,
      freeInodes: disk.ffree,
      totalInodes: disk.files,
      path: home,
    },
  };
}

async function probe(jobs: Jobs, what: ProbeName, signal: AbortSignal): Promise<ProbeResult> {
  try {
    const done = await jobs.run({ t: "probe", what }, { signal });
    return { ok: done.ok === true, detail: typeof done.detail === "string" ? done.detail : "" };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, detail: `could not be tried: ${errorText(error)}` };
  }
}

/** From the lines of passwd(5); the number itself for a user without a line. */
export function nameOf(passwd: string, uid: number): string {
  const fields = passwd.split("\n").map((line) => line.split(":"));
  return fields.find((line) => line[2] === String(uid))?.[0] ?? String(uid);
}

/** Lines of subuid(5): `name or id:first:count`. */
export function countIds(text: string, user: string, uid: number): number {
  return text
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([owner]) => owner === user || owner === String(uid))
    .reduce((sum, fields) => sum + (Number(fields[2]) || 0), 0);
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
