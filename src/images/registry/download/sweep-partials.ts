/** Downloads that nobody went on with for a week are removed at the start. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const maxAgeMs = 7 * 24 * 3_600_000;

export function partialDirectory(home: string): string {
  return join(home, "blobs", "partial");
}

/** Answers how many files went. */
export function sweepPartials(home: string, nowMs: number): number {
  const directory = partialDirectory(home);
  let removed = 0;
  for (const entry of list(directory)) {
    const path = join(directory, entry);
    const age = nowMs - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age <= maxAgeMs && !entry.endsWith(".new")) continue;
    rmSync(path, { force: true, recursive: true });
    removed++;
  }
  return removed;
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
