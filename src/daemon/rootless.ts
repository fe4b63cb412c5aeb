/**
 * An ordinary user's daemon runs as root of a user namespace of its own, made by util-linux's `unshare`: with the
 * subordinate ids of /etc/subuid where `newuidmap` grants them, else with the user's own id alone. While containers of an
 * earlier daemon run, their namespace is entered again, since only from inside may their processes be reached.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { EngineError } from "../base/errors.ts";
import type { Places } from "../config/index.ts";
import { livingShim } from "./living-shim.ts";
import { replaceProcess } from "./replace-process.ts";

export type RootlessFacts = {
  /** Outside of the namespace. */
  uid: number;
  /** More ids than the user's own are there. */
  subordinateIds: boolean;
};

/** The daemon's own namespace by the text of /proc/self/uid_map; null in the machine's first one, where root is root. */
export function rootlessFacts(uidMap: string): RootlessFacts | null {
  const lines = uidMap.split("\n").filter((line) => line.trim() !== "");
  const ranges = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const [inside, outside, count] = ranges[0] ?? [];
  if (inside === 0 && outside === 0 && count === 2 ** 32 - 1) return null;
  const ids = ranges.reduce((sum, range) => sum + (range[2] ?? 0), 0);
  return { uid: ranges.find(([first]) => first === 0)?.[1] ?? 0, subordinateIds: ids > 1 };
}

/** What its containers lack, in words, for `info`. */
export function degradedWithoutRoot(facts: RootlessFacts | null): string[] {
  if (facts === null) return [];
  const network = "Without root there are the networks none and host only, and none is the default";
  if (facts.subordinateIds) return [network];
  return [network, "Only one user id is mapped: all files of an image belong to it, and --user takes no other"];
}

/** What comes before the program to run. The mounts are copies that follow the host's. */
const ownMounts = ["--mount", "--propagation", "slave"];
export const freshNamespace = (many: boolean): string[] => [
  "unshare",
  "--user",
  "--map-root-user",
  ...(many ? ["--map-auto"] : []),
  ...ownMounts,
  "--",
];
export const namespaceOf = (pid: number): string[] => [
  "nsenter",
  `--user=/proc/${pid}/ns/user`,
  "--preserve-credentials",
  "--",
  "unshare",
  ...ownMounts,
  "--",
];

/** Becomes this same program inside a user namespace, as its root, in the same process. Throws where that cannot be. */
export function becomeRootless(places: Places): never {
  const shim = livingShim(places.run);
  const ways = [...(shim === null ? [] : [namespaceOf(shim)]), freshNamespace(true), freshNamespace(false)];
  const complaints: string[] = [];
  for (const way of ways) {
    const complaint = tryOut(way);
    if (complaint === null) run(places, way);
    complaints.push(complaint);
    process.stderr.write(`hyperboxd: Cannot use ${way.join(" ")}: ${complaint}\n`);
  }
  throw noNamespace(complaints.at(-1) ?? "");
}

/** Null when the way works; else what was said. */
function tryOut(way: readonly string[]): string | null {
  const [program = "", ...args] = way;
  const { status, stderr, error } = spawnSync(program, [...args, "true"], { encoding: "utf8" });
  if (error) return error.message;
  return status === 0 ? null : stderr.trim();
}

function run(places: Places, way: readonly string[]): never {
  const env = Object.entries({ ...process.env, HYPERBOX_HOME: places.home, HYPERBOX_RUN: places.run });
  const variables = env.filter((pair): pair is [string, string] => pair[1] !== undefined);
  // A single-file build is its own program; otherwise the first argument is the script.
  const own = process.argv[1]?.startsWith("/$bunfs/") ? process.argv.slice(2) : process.argv.slice(1);
  replaceProcess(pathOf(way[0] ?? ""), [...way, process.execPath, ...own], Object.fromEntries(variables));
}

function pathOf(program: string): string {
  const path = (process.env["PATH"] ?? "/usr/bin:/bin").split(delimiter).map((dir) => join(dir, program));
  return path.find(isExecutable) ?? join("/usr/bin", program);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function noNamespace(state: string): EngineError {
  return new EngineError({
    code: "daemon.no_user_namespace",
    kind: "unavailable",
    message: `Cannot start the daemon without root: no user namespace can be made (${state})`,
    hint: "install util-linux, and allow user namespaces: sysctl -w user.max_user_namespaces=15000, on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0; or start the daemon as root",
  });
}
