/**
 * Every error of the registry. On the wire an error has one of the codes that the OCI distribution specification lists;
 * `ociFields` reads it back out of the `EngineError`.
 */
import { EngineError, type ErrorKind } from "../base/errors.ts";

type Init = { status: number; oci: string; code: string; kind: ErrorKind; message: string; hint?: string };

function registryError({ status, oci, code, kind, message, hint }: Init, headers: Record<string, string> = {}) {
  return new EngineError({
    code: `registry.${code}`,
    kind,
    message,
    hint,
    details: { httpStatus: status, ociCode: oci, headers },
  });
}

export const nameInvalid = (name: string) =>
  registryError({
    ...{ status: 400, oci: "NAME_INVALID", code: "bad_name", kind: "invalid_argument" },
    message: `Cannot use the repository name ${JSON.stringify(name.slice(0, 300))}: lower-case words joined by . _ - and / are expected`,
  });

export const nameUnknown = (name: string) =>
  registryError({
    ...{ status: 404, oci: "NAME_UNKNOWN", code: "no_repository", kind: "not_found" },
    message: `Cannot find the repository ${name}: nothing was pushed to it`,
  });

export const tagInvalid = (tag: string) =>
  registryError({
    ...{ status: 400, oci: "MANIFEST_INVALID", code: "bad_tag", kind: "invalid_argument" },
    message: `Cannot use the tag ${JSON.stringify(tag.slice(0, 200))}: up to 128 letters, digits, _ . and - are expected`,
  });

export const digestInvalid = (message: string) =>
  registryError({
    ...{ status: 400, oci: "DIGEST_INVALID", code: "bad_digest", kind: "invalid_argument" },
    message,
    hint: "sha256:<64 hex digits> and sha512:<128 hex digits> are known",
  });

export const contentMismatch = (expected: string, actual: string) =>
  registryError({
    ...{ status: 400, oci: "DIGEST_INVALID", code: "digest_mismatch", kind: "invalid_argument" },
    message: `Cannot accept the content: its digest is ${actual}, but ${expected} was announced`,
    hint: "nothing was kept: send it again from the start",
  });

export const blobUnknown = (digest: string) =>
  registryError({
    ...{ status: 404, oci: "BLOB_UNKNOWN", code: "no_blob", kind: "not_found" },
    message: `Cannot find the blob ${digest}: the repository does not have it`,
  });

export const manifestUnknown = (reference: string) =>
  registryError({
    ...{ status: 404, oci: "MANIFEST_UNKNOWN", code: "no_manifest", kind: "not_found" },
    message: `Cannot find the manifest ${reference}: the repository does not have it`,
  });

export const manifestInvalid = (reason: string) =>
  registryError({
    ...{ status: 400, oci: "MANIFEST_INVALID", code: "bad_manifest", kind: "invalid_argument" },
    message: `Cannot accept the manifest: ${reason}`,
  });

export const manifestTooLarge = (limitBytes: number) =>
  registryError({
    ...{ status: 413, oci: "SIZE_INVALID", code: "manifest_too_large", kind: "invalid_argument" },
    message: `Cannot accept the manifest: it has more than the ${limitBytes} bytes that are allowed`,
  });

export const manifestBlobUnknown = (digest: string) =>
  registryError({
    ...{ status: 404, oci: "MANIFEST_BLOB_UNKNOWN", code: "missing_content", kind: "not_found" },
    message: `Cannot accept the manifest: it names ${digest}, which the repository does not have`,
    hint: "push what a manifest names before the manifest",
  });

export const uploadUnknown = (id: string) =>
  registryError({
    ...{ status: 404, oci: "BLOB_UPLOAD_UNKNOWN", code: "no_upload", kind: "not_found" },
    message: `Cannot find the upload ${JSON.stringify(id.slice(0, 64))}: it has ended, has expired or never was`,
  });

export const uploadBusy = () =>
  registryError({
    ...{ status: 409, oci: "BLOB_UPLOAD_INVALID", code: "upload_busy", kind: "conflict" },
    message: "Cannot go on with the upload: another request is writing to it",
  });

export const uploadInvalid = (reason: string) =>
  registryError({
    ...{ status: 400, oci: "BLOB_UPLOAD_INVALID", code: "bad_upload", kind: "invalid_argument" },
    message: `Cannot go on with the upload: ${reason}`,
  });

export const outOfOrder = (reason: string, headers: Record<string, string>) =>
  registryError(
    {
      ...{ status: 416, oci: "BLOB_UPLOAD_INVALID", code: "out_of_order", kind: "invalid_argument" },
      message: `Cannot take the chunk: ${reason}`,
      hint: "GET the upload's address to learn where it stands",
    },
    headers,
  );

export const sizeInvalid = (reason: string) =>
  registryError({
    ...{ status: 400, oci: "SIZE_INVALID", code: "bad_size", kind: "invalid_argument" },
    message: `Cannot accept the content: ${reason}`,
  });

export const rangeNotSatisfiable = (sizeBytes: number) =>
  registryError(
    {
      ...{ status: 416, oci: "SIZE_INVALID", code: "bad_range", kind: "invalid_argument" },
      message: `Cannot send the range: the content has ${sizeBytes} bytes`,
    },
    { "Content-Range": `bytes */${sizeBytes}` },
  );

export const unauthorized = (challenge: string) =>
  registryError(
    {
      ...{ status: 401, oci: "UNAUTHORIZED", code: "unauthorized", kind: "unauthorized" },
      message: "authentication required",
    },
    { "WWW-Authenticate": challenge },
  );

export const denied = (reason: string) =>
  registryError({
    ...{ status: 403, oci: "DENIED", code: "denied", kind: "forbidden" },
    message: `requested access to the resource is denied: ${reason}`,
  });

export const methodUnsupported = (reason: string) =>
  registryError({
    ...{ status: 405, oci: "UNSUPPORTED", code: "unsupported", kind: "unsupported" },
    message: `Cannot do this: ${reason}`,
  });

export const badParameter = (name: string, value: string, expected: string) =>
  registryError({
    ...{ status: 400, oci: "UNSUPPORTED", code: "bad_parameter", kind: "invalid_argument" },
    message: `Cannot read the parameter ${name}: ${JSON.stringify(value.slice(0, 100))} is not ${expected}`,
  });

export const pageUnknown = () =>
  registryError({
    ...{ status: 404, oci: "UNSUPPORTED", code: "no_page", kind: "not_found" },
    message: "page not found",
  });

const diskFull = () =>
  registryError({
    ...{ status: 507, oci: "DENIED", code: "disk_full", kind: "resource_exhausted" },
    message: "Cannot store the content: no space left on the disk of the image store",
    hint: "free space with `hbx system prune` or `hbx registry prune`",
  });

/** A full disk as the file system or the database meets it. */
const isFull = (error: unknown) =>
  (error instanceof EngineError && Math.abs(Number(error.details.errno)) === 28) ||
  ["ENOSPC", "EDQUOT", "SQLITE_FULL"].includes(String((error as { code?: unknown })?.code));

export type OciFields = { status: number; code: string; message: string; headers: Record<string, string> };

/** What the wire needs of an error of this file. Null for any other. */
export function ociFields(error: unknown): OciFields | null {
  if (isFull(error)) return ociFields(diskFull());
  if (!(error instanceof EngineError)) return null;
  const { httpStatus, ociCode, headers } = error.details;
  if (typeof httpStatus !== "number" || typeof ociCode !== "string") return null;
  return { status: httpStatus, code: ociCode, message: error.message, headers: headers as Record<string, string> };
}
