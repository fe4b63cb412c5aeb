/**
 * An ordinary user's daemon runs as root of a user namespace of its own. util-linux's `unshare` makes it, with the
 * subordinate ids of /etc/subuid through `newuidmap` where there are any, else with the user's own id alone.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import type { Places } from "../config/index.ts";

/** Set inside the namespace: the real user id, and whether further ids are mapped. */
export const rootlessVariable = "HYPERBOX_ROOTLESS";

export type RootlessFacts = { uid: number; subordinateIds: boolean };

export function rootlessFacts(env: Record<string, string | undefined>): RootlessFacts | null {
  const match = /^(\d+):(one|many)$/.exec(env[rootlessVariable] ?? "");
  return match ? { uid: Number(match[1]), subordinateIds: match[2] === "many" } : null;
}

/** Arguments of `unshare` before the program to run. */
export function unshareArguments(subordinateIds: boolean): string[] {
  return [
    "--user",
    "--mount",
    "--map-root-user",
    ...(subordinateIds ? ["--map-auto"] : []),
    "--propagation",
    "slave",
    "--",
  ];
}

/** Runs this same program again inside a user namespace, as its root; resolves with its exit code. */
export function rerunRootless(places: Places, uid: number, argv: readonly string[]): Promise<number> {
  const many = hasSubordinateIds(userInfo().username, uid);
  const child = spawn("unshare", [...unshareArguments(many), ...argv], {
    stdio: "inherit",
    env: {
      ...process.env,
      HYPERBOX_HOME: places.home,
      HYPERBOX_RUN: places.run,
      [rootlessVariable]: `${uid}:${many ? "many" : "one"}`,
    },
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => void child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

function hasSubordinateIds(user: string, uid: number): boolean {
  try {
    accessSync("/usr/bin/newuidmap", constants.X_OK);
    return ["/etc/subuid", "/etc/subgid"].every((path) =>
      readFileSync(path, "utf8")
        .split("\n")
        .some((line) => line.startsWith(`${user}:`) || line.startsWith(`${uid}:`)),
    );
  } catch {
    return false;
  }
}
