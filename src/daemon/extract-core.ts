/** The native core inside the single-file build, put where it can be executed. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Answers the path below `cache`. It names the content: another version has another path, and a file that is there already
 * is used only if it still is what its name says.
 */
export function extractCore(content: Uint8Array, cache: string): string {
  const digest = sha256(content);
  const path = join(cache, "core", digest, "hbx-core");
  if (digestOf(path) === digest) return path;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o755, flush: true });
  chmodSync(draft, 0o755); // whatever the umask
  renameSync(draft, path);
  sweepOthers(join(cache, "core"), digest);
  return path;
}

/** Cores of other versions: whoever runs one runs a copy in memory, and extracts it again when it starts anew. */
function sweepOthers(folder: string, digest: string): void {
  for (const name of readdirSync(folder))
    if (name !== digest) rmSync(join(folder, name), { recursive: true, force: true });
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function digestOf(path: string): string | null {
  try {
    return sha256(readFileSync(path));
  } catch {
    return null;
  }
}
