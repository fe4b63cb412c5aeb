/** Every error of the volumes feature. Texts that Docker's clients know are Docker's. */
import { EngineError, type ErrorKind } from "../base/errors.ts";

function volumeError(kind: ErrorKind, code: string, message: string, hint?: string): EngineError {
  return new EngineError({ kind, code: `volume.${code}`, message, hint });
}

export function noSuchVolume(name: string): EngineError {
  return volumeError(
    "not_found",
    "not_found",
    `get ${name}: no such volume`,
    "`hbx volume ls` lists the volumes that are here",
  );
}

export function volumeInUse(name: string, containers: readonly string[]): EngineError {
  return volumeError(
    "conflict",
    "in_use",
    `remove ${name}: volume is in use - [${containers.join(", ")}]`,
    "remove these containers first; stopped ones count too",
  );
}

export function badVolumeName(name: string): EngineError {
  const shown = JSON.stringify(name.slice(0, 300));
  if (/^[a-zA-Z0-9]$/.test(name)) {
    return volumeError(
      "invalid_argument",
      "bad_name",
      "volume name is too short, names should be at least two alphanumeric characters",
    );
  }
  if (name.length > 255)
    return volumeError(
      "invalid_argument",
      "bad_name",
      `Cannot create volume ${shown}: its name is longer than 255 characters`,
    );
  return volumeError(
    "invalid_argument",
    "bad_name",
    `create ${name.slice(0, 300)}: ${shown} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

export function unknownDriver(name: string, driver: string): EngineError {
  return volumeError(
    "not_found",
    "unknown_driver",
    `create ${name}: error looking up volume plugin ${driver}: plugin ${JSON.stringify(driver)} not found`,
    "the driver is called local; there are no others",
  );
}

export function badOption(name: string, reason: string): EngineError {
  return volumeError(
    "invalid_argument",
    "bad_option",
    `create ${name}: ${reason}`,
    "the local driver knows `type=none,o=bind,device=/host/path`; for memory use `--tmpfs`, other filesystems are mounted on the host first",
  );
}

export function optionsDiffer(name: string): EngineError {
  return volumeError(
    "conflict",
    "options_differ",
    `create ${name}: conflict: a volume of this name exists already with other driver options`,
    "choose another name, or remove the existing volume",
  );
}
