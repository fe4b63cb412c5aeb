/** Every error of the images feature, in one place. Texts that Docker's clients know are Docker's. */
import { EngineError, type ErrorKind, errorText } from "../base/errors.ts";

function imageError(kind: ErrorKind, code: string, message: string, hint?: string, cause?: unknown): EngineError {
  return new EngineError({ kind, code: `image.${code}`, message, hint, cause });
}

export function noSuchImage(name: string): EngineError {
  return imageError("not_found", "not_found", `No such image: ${name}`, "`hbx images` lists the images that are here");
}

export function ambiguousImage(prefix: string): EngineError {
  return imageError(
    "invalid_argument",
    "ambiguous",
    `Cannot choose an image: ${prefix} is the beginning of several ids`,
  );
}

export function badArchive(reason: string, cause?: unknown): EngineError {
  return imageError(
    "invalid_argument",
    "bad_archive",
    `Cannot load the archive: ${reason}`,
    "an archive comes from `docker save`, `hbx save`, `podman save` or any tool that writes an OCI layout",
    cause,
  );
}

export function badConfig(reason: string): EngineError {
  return imageError("invalid_argument", "bad_config", `Cannot read the image configuration: ${reason}`);
}

export function badChange(line: string, reason: string): EngineError {
  return imageError("invalid_argument", "bad_change", `Cannot apply the change ${JSON.stringify(line)}: ${reason}`);
}

export function digestMismatch(what: string, expected: string, actual: string): EngineError {
  return imageError(
    "invalid_argument",
    "digest_mismatch",
    `Cannot accept ${what}: its digest is ${actual}, but ${expected} was announced`,
    "the archive is damaged or was changed: get it again from its source",
  );
}

export function removalConflict(message: string): EngineError {
  return imageError("conflict", "in_use", `conflict: ${message}`);
}

export function registryUnsupported(what: string): EngineError {
  return imageError(
    "unsupported",
    "registry_unsupported",
    `Cannot ${what}: this version speaks to no registry yet`,
    "bring images in with `hbx load`, `hbx import` or `hbx commit`",
  );
}

/** A full disk is told as such, whatever step met it. */
export function translateStorageError(error: unknown, action: string): unknown {
  const errno = error instanceof EngineError ? error.details.errno : (error as { errno?: unknown }).errno;
  const code = (error as { code?: unknown }).code;
  if (errno !== 28 && errno !== -28 && code !== "ENOSPC") return error;
  return imageError(
    "resource_exhausted",
    "disk_full",
    `Cannot ${action}: no space left on the disk of the image store (${errorText(error)})`,
    "free space with `hbx system prune`, or move HYPERBOX_HOME to a larger disk; nothing half-made was kept",
    error,
  );
}
