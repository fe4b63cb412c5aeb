/** Every error of the registry client. Texts that Docker's clients know are Docker's. No secret ever gets into one. */
import { EngineError, type ErrorKind, errorText } from "../../base/errors.ts";
import { formatPlatform, type Platform } from "../config/platform.ts";
import { familiarName, familiarRepository, type Reference } from "../reference/reference.ts";

type Extra = { hint?: string; cause?: unknown; details?: Record<string, unknown> };

export function registryError(kind: ErrorKind, code: string, message: string, extra: Extra = {}): EngineError {
  return new EngineError({ kind, code: `registry.${code}`, message, ...extra });
}

/** Where the answer came from, without query and user: both may hold secrets. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

export function unreachable(url: URL, cause: unknown): EngineError {
  const text = errorText(cause)
    .replace(/^[A-Z]+: /, "")
    .replace(/ (For more information|Is the computer able).*$/, "");
  return registryError("unavailable", "unreachable", `Cannot reach ${shownUrl(url)}: ${text}`, {
    hint: "check the name, the network and the proxy settings of the daemon",
    details: { network: String((cause as { code?: unknown }).code ?? "") },
  });
}

export function stalled(url: URL, timeoutMs: number): EngineError {
  return registryError(
    "deadline_exceeded",
    "stalled",
    `Cannot go on with ${shownUrl(url)}: nothing came for ${Math.round(timeoutMs / 1000)} s`,
    { hint: "try again: what arrived is kept and need not come again" },
  );
}

export function badAnswer(url: URL, state: string, extra: Extra = {}): EngineError {
  return registryError("unavailable", "bad_answer", `Cannot use the answer of ${shownUrl(url)}: ${state}`, {
    hint: "is it a registry? A proxy or a login page may stand in between",
    ...extra,
  });
}

export function badContent(what: string, state: string): EngineError {
  return registryError("invalid_argument", "bad_content", `Cannot use ${what}: ${state}`);
}

export function wrongDigest(what: string, expected: string, actual: string): EngineError {
  return registryError(
    "invalid_argument",
    "digest_mismatch",
    `Cannot accept ${what}: its digest is ${actual}, but ${expected} was announced`,
    { hint: "the registry, or something before it, has damaged content; nothing of it was kept" },
  );
}

export function tooManyRequests(url: URL, waitSec: number | null): EngineError {
  const wait = waitSec === null ? "" : `; it asks to wait ${waitSec} s`;
  return registryError("unavailable", "rate_limited", `toomanyrequests: ${shownUrl(url)} refuses for now${wait}`, {
    hint: "log in for a higher limit, or wait",
  });
}

export function schemaOne(name: string): EngineError {
  return registryError(
    "unsupported",
    "schema_1",
    `Cannot pull ${name}: its manifest has the form from before 2016 (schema version 1), which no engine accepts any more`,
    { hint: "push the image again with a current tool" },
  );
}

export function noPlatform(name: string, wanted: Platform, given: readonly string[]): EngineError {
  return registryError(
    "not_found",
    "no_platform",
    `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries of ${name}`,
    { hint: given.length === 0 ? "the list is empty" : `it has: ${given.join(", ")} (choose with --platform)` },
  );
}

export function notAnImage(name: string, type: string): EngineError {
  return registryError(
    "invalid_argument",
    "not_an_image",
    `Cannot pull ${name}: it is an artifact of type ${JSON.stringify(type.slice(0, 100))}, not a container image`,
    { hint: "`hbx image copy` moves artifacts between registries and layouts" },
  );
}

export function manifestUnknown(reference: Reference): EngineError {
  return registryError(
    "not_found",
    "manifest_unknown",
    `manifest for ${familiarName(reference)} not found: manifest unknown: manifest unknown`,
  );
}

export function pullDenied(reference: Reference): EngineError {
  return registryError(
    "not_found",
    "denied",
    `pull access denied for ${familiarRepository(reference)}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
    { hint: `log in with \`hbx login ${reference.domain === "docker.io" ? "" : reference.domain}\`` },
  );
}

export function pushDenied(reference: Reference): EngineError {
  return registryError(
    "forbidden",
    "denied",
    `push access denied for ${familiarRepository(reference)}: requested access to the resource is denied`,
    { hint: `log in with \`hbx login ${reference.domain === "docker.io" ? "" : reference.domain}\`` },
  );
}

export function unauthorized(state: string): EngineError {
  return registryError("unauthorized", "unauthorized", `unauthorized: ${state}`);
}
