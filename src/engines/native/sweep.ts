/** After a crash: what is left under our names and belongs to no living container is ended and removed. */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../base/log.ts";
import { openConnection } from "./connection.ts";
import { readPids } from "./counters.ts";

export type SweepInput = {
  /** Our own cgroup directory in each hierarchy; its children are named after spares. */
  cgroupParents: readonly string[];
  runDir: string;
  /** Runtime ids that belong to running containers. */
  alive: ReadonlySet<string>;
  logger: Logger;
};

const spareName = /^[0-9a-f]{16}$/;
/** A cgroup stays busy until the kernel has buried its last process. */
const removeAttempts = 100;
const removePauseMs = 5;

export async function sweepRuntime({ cgroupParents, runDir, alive, logger }: SweepInput): Promise<void> {
  const isStray = (name: string): boolean => spareName.test(name) && !alive.has(name);
  for (const file of list(runDir)) {
    const id = file.endsWith(".sock") ? file.slice(0, -5) : "";
    if (isStray(id)) await endShim(join(runDir, file));
  }
  for (const parent of cgroupParents) {
    for (const name of list(parent)) if (isStray(name)) await removeCgroup(join(parent, name), logger);
  }
}

/** Removes our directories in the hierarchies when nothing `alive` is in them; waits for shims that are just ending. */
export async function removeCgroupParents(cgroupParents: readonly string[], alive: ReadonlySet<string>): Promise<void> {
  for (let attempt = 0; attempt < removeAttempts; attempt += 1) {
    let ending = false;
    for (const parent of cgroupParents) {
      try {
        rmdirSync(parent);
      } catch {
        ending ||= list(parent).some((name) => spareName.test(name) && !alive.has(name));
      }
    }
    if (!ending) return;
    await new Promise((resolve) => setTimeout(resolve, removePauseMs));
  }
}

/** A shim takes its cgroups and socket down when it ends; of one that was killed we do. One that lives keeps them. */
export async function buryShim(
  {
    shimPid,
    controlSocket,
    cgroupDirs,
  }: { shimPid: number; controlSocket: string; cgroupDirs: Record<string, string> },
  logger: Logger,
): Promise<void> {
  const left = [...new Set(Object.values(cgroupDirs))].filter((dir) => existsSync(dir));
  if (left.length === 0 && !existsSync(controlSocket)) return;
  for (let attempt = 0; isAlive(shimPid); attempt += 1) {
    if (attempt === removeAttempts) return;
    await new Promise((resolve) => setTimeout(resolve, removePauseMs));
  }
  for (const dir of left) await removeCgroup(dir, logger);
  rmSync(controlSocket, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Kills what is in a cgroup and removes it. */
export async function removeCgroup(dir: string, logger: Logger): Promise<void> {
  for (let attempt = 0; attempt < removeAttempts; attempt += 1) {
    try {
      rmdirSync(dir);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    }
    for (const pid of readPids(join(dir, "cgroup.procs"))) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, removePauseMs));
  }
  logger.log("warn", "sweep.cgroup", { dir });
}

/** A shim that nobody knows: its container is killed, which ends it. */
async function endShim(socket: string): Promise<void> {
  try {
    using connection = await openConnection(socket);
    connection.send({ t: "signal", signo: 9, all: true, seq: 1 });
    await connection.receive();
  } catch {
    // Nobody listens any more.
  }
  rmSync(socket, { force: true });
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
