/** Errors of the containers feature. The texts are Docker's where its clients look at them. */
import { EngineError, type ErrorKind } from "../base/errors.ts";

function make(kind: ErrorKind, code: string, message: string, hint?: string): EngineError {
  return new EngineError({ kind, code: `container.${code}`, message, hint });
}

export const noSuchContainer = (ref: string) => make("not_found", "not_found", `No such container: ${ref}`);

export const ambiguousId = (prefix: string) =>
  make("invalid_argument", "ambiguous_id", `multiple IDs found with provided prefix: ${prefix}`, "give more digits");

export const nameInUse = (name: string, id: string) =>
  make(
    "conflict",
    "name_in_use",
    `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );

export const invalidName = (name: string) =>
  make(
    "invalid_argument",
    "invalid_name",
    `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  );

export const invalid = (code: string, message: string, hint?: string) => make("invalid_argument", code, message, hint);
export const conflict = (code: string, message: string, hint?: string) => make("conflict", code, message, hint);
export const unsupportedOption = (code: string, message: string, hint?: string) =>
  make("unsupported", code, message, hint);

export const notRunning = (id: string) => make("conflict", "not_running", `container ${id} is not running`);
export const notModified = () => make("not_modified", "not_modified", "not modified");

export const removalInProgress = (id: string) =>
  make("conflict", "removal_in_progress", `removal of container ${id} is already in progress`);

export const noSuchExec = (id: string) => make("not_found", "exec_not_found", `No such exec instance: ${id}`);

export const alreadyConnected = (name: string, network: string) =>
  make("forbidden", "already_connected", `endpoint with name ${name} already exists in network ${network}`);

export const notConnected = (name: string, network: string) =>
  make("not_found", "not_connected", `container ${name} is not connected to network ${network}`);

export const failure = (code: string, message: string, cause?: unknown) =>
  new EngineError({ kind: "internal", code: `container.${code}`, message, cause });

/** `reason` says why this daemon gives no network unless asked. */
export const noPorts = (reason: string) =>
  make("unsupported", "no_ports", `Cannot publish ports: ${reason}`, "leave -p and -P out, or use --network host");

export const noWebsocket = () =>
  make(
    "unsupported",
    "no_websocket",
    "Cannot attach by websocket: this engine attaches by connection upgrade",
    "use POST /containers/{id}/attach",
  );
