/** Finds a shim that an earlier daemon of this user left running, by the socket of the zygote it was forked from. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Its process id; null when there is none. `proc` is given by tests. */
export function livingShim(runDir: string, proc = "/proc"): number | null {
  const socket = join(runDir, "zygote");
  for (const entry of readdirSync(proc)) {
    if (!/^\d+$/.test(entry) || read(join(proc, entry, "comm")).trim() !== "hbx-shim") continue;
    if (
      read(join(proc, entry, "cmdline"))
        .split("\0")
        .includes(socket)
    )
      return Number(entry);
  }
  return null;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
