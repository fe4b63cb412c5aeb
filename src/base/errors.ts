/**
 * The one error class of the engine. Features make theirs with small functions in their own `errors.ts`; the two tables
 * below are the only places where a kind becomes an HTTP status or an exit code.
 */

export type ErrorKind =
  | "invalid_argument"
  | "not_found"
  | "conflict"
  | "not_modified"
  | "unauthorized"
  | "forbidden"
  | "resource_exhausted"
  | "unsupported"
  | "unavailable"
  | "deadline_exceeded"
  | "cancelled"
  | "internal";

/** Docker's status for each kind (moby maps its error interfaces in the same way). */
export const httpStatusByKind: Record<ErrorKind, number> = {
  invalid_argument: 400,
  not_found: 404,
  conflict: 409,
  not_modified: 304,
  unauthorized: 401,
  forbidden: 403,
  resource_exhausted: 500,
  unsupported: 501,
  unavailable: 503,
  deadline_exceeded: 504,
  cancelled: 499,
  internal: 500,
};

/** Exit code of the CLI for each kind. 125 is Docker's "the engine itself failed". */
export const exitCodeByKind: Record<ErrorKind, number> = {
  invalid_argument: 125,
  not_found: 1,
  conflict: 1,
  not_modified: 0,
  unauthorized: 1,
  forbidden: 1,
  resource_exhausted: 1,
  unsupported: 125,
  unavailable: 1,
  deadline_exceeded: 1,
  cancelled: 130,
  internal: 125,
};

export type ErrorInit = {
  /** Stable, dotted, snake_case: `image.digest_mismatch`. */
  code: string;
  kind: ErrorKind;
  /** "Cannot *action* *object*: *current state*". */
  message: string;
  /** What to do next. */
  hint?: string | undefined;
  details?: Record<string, unknown> | undefined;
  cause?: unknown;
};

export class EngineError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown>;

  constructor(init: ErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "EngineError";
    this.code = init.code;
    this.kind = init.kind;
    this.hint = init.hint;
    this.details = init.details ?? {};
  }
}

/** Shorthand for a bad value from outside: `Cannot use ${what}: ${state}`. */
export function invalidArgument(code: string, message: string, hint?: string): EngineError {
  return new EngineError({ code, kind: "invalid_argument", message, hint });
}

/** The text of anything thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
