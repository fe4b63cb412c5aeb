/** What the host has no more of, as the runtime's file functions tell it: no fault of ours, and somebody can do something about it. */
import { EngineError } from "./errors.ts";

const known: Readonly<Record<string, { state: string; hint: string }>> = {
  ENOSPC: { state: "no space left on device", hint: "free disk space or inodes: `hbx system prune`" },
  EDQUOT: { state: "disk quota exceeded", hint: "raise the disk quota, or free space: `hbx system prune`" },
  EMFILE: { state: "too many open files", hint: "raise the daemon's open file limit" },
  ENFILE: { state: "too many open files in the system", hint: "raise fs.file-max" },
  EROFS: { state: "read-only file system", hint: "the daemon's home must be writable" },
};

/** Null for any other error. */
export function fromHostError(error: unknown): EngineError | null {
  if (!(error instanceof Error)) return null;
  const { code, path } = error as NodeJS.ErrnoException;
  const found = code === undefined ? undefined : known[code];
  if (code === undefined || found === undefined) return null;
  return new EngineError({
    code: `host.${code.toLowerCase()}`,
    kind: "resource_exhausted",
    message: `Cannot write ${path ?? "the daemon's files"}: ${found.state}`,
    hint: found.hint,
    cause: error,
  });
}
