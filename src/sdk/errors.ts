/** The daemon answered with an error status. `message` is the daemon's own, already fit for a person. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly hint: string | undefined;
  readonly code: string | undefined;
  constructor(status: number, message: string, more: { hint?: string | undefined; code?: string | undefined } = {}) {
    super(message);
    this.status = status;
    this.hint = more.hint;
    this.code = more.code;
  }
}

/** No daemon could be reached or started. */
export class DaemonUnreachable extends Error {
  override readonly name = "DaemonUnreachable";
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** The peer's bytes are not HTTP as we understand it, or it hung up in the middle. */
export class HttpProtocolError extends Error {
  override readonly name = "HttpProtocolError";
}
