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

export function sizeMismatch(digest: string, expected: number, actual: number): EngineError {
  return imageError(
    "invalid_argument",
    "size_mismatch",
    `Cannot accept the layer ${digest}: ${expected} bytes were announced, but ${actual > expected ? "more" : actual} came`,
    "its source is damaged or the transfer broke off: get it again",
  );
}

export function layerMissing(chainId: string): EngineError {
  return imageError("conflict", "layer_missing", `Cannot record the image: its layer ${chainId} is not here`);
}

export function layerLost(chainId: string, cause?: unknown): EngineError {
  return imageError(
    "internal",
    "layer_lost",
    `Cannot use the layer ${chainId}: its files are not in the store any more`,
    "`hbx image verify --all` says what is damaged; load or pull the image again to mend it",
    cause,
  );
}

export function removalConflict(message: string): EngineError {
  return imageError("conflict", "in_use", `conflict: ${message}`);
}

export function manifestsUnsupported(): EngineError {
  return imageError(
    "unsupported",
    "no_manifests",
    "Cannot list manifests: an image here has one platform and no list of manifests",
    "leave manifests out",
  );
}

export function cannotDiff(driver: string): EngineError {
  return imageError(
    "unsupported",
    "no_trees",
    `Cannot compare images: the storage driver ${driver} keeps no trees of their files`,
    'the driver "erofs" does (setting storageDriver, where the kernel can); `hbx info` names the driver and why it was chosen',
  );
}

/** Steps of the native core that speak of what was given to it, and the sentence for each. */
const archiveSteps: Record<string, string> = {
  corrupt: "it is damaged or no archive",
  format: "its compression is not known (gzip, zstd and none are)",
  limit: "it is too large",
  flat: "it holds something that no image archive has",
  traversal: "it reaches out of its place",
  overwrite: "it contradicts itself",
};

/** Failures while bytes from outside were stored: bad content and a full disk are told as such, whatever step met them. */
export function translateStorageError(error: unknown, action: string): unknown {
  if (isDiskFull(error)) {
    return imageError(
      "resource_exhausted",
      "disk_full",
      `Cannot ${action}: no space left on the disk of the image store (${errorText(error)})`,
      "free space with `hbx system prune`, or move HYPERBOX_HOME to a larger disk; nothing half-made was kept",
      error,
    );
  }
  const step = error instanceof EngineError ? error.details.step : undefined;
  if (!(error instanceof EngineError) || typeof step !== "string") return error;
  if (step === "digest")
    return imageError("invalid_argument", "digest_mismatch", `Cannot ${action}: ${stateOf(error)}`, undefined, error);
  const reason = Object.hasOwn(archiveSteps, step) ? archiveSteps[step] : undefined;
  if (reason === undefined) return error;
  return imageError(
    "invalid_argument",
    `archive_${step}`,
    `Cannot ${action}: ${reason}: ${stateOf(error)}`,
    undefined,
    error,
  );
}

function isDiskFull(error: unknown): boolean {
  const errno = error instanceof EngineError ? error.details.errno : (error as { errno?: unknown }).errno;
  return errno === 28 || errno === -28 || (error as { code?: unknown }).code === "ENOSPC";
}

/** "Cannot corrupt layer/x: not a tar archive (bad message)" → "layer/x: not a tar archive". */
function stateOf({ message, details }: EngineError): string {
  const path = typeof details.path === "string" ? details.path : "";
  const before = path === "" ? ": " : `${path}: `;
  const state = message.slice(message.indexOf(before) + before.length).replace(/ \([^()]*\)$/, "");
  return path === "" ? state : `${path}: ${state}`;
}
