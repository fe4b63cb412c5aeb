import { ApiError, DaemonUnreachable, HttpProtocolError } from "../sdk/errors.ts";
import { Failure } from "./failure.ts";
import type { Output } from "./output.ts";

/** Prints what went wrong and what to do, and answers the exit code. */
export function reportFailure(error: unknown, err: Output): number {
  const { message, hint, code } = describe(error);
  err.line(`hbx: ${message}`);
  if (hint) err.line(`hint: ${hint}`);
  return code;
}

function describe(error: unknown): { message: string; hint?: string | undefined; code: number } {
  if (error instanceof Failure) return { message: error.message, hint: error.hint, code: error.exitCode };
  if (error instanceof ApiError) return { message: error.message, hint: hintFor(error), code: 1 };
  if (error instanceof DaemonUnreachable) return { message: error.message, hint: error.hint, code: 1 };
  if (error instanceof HttpProtocolError) {
    return { message: `Cannot talk to the daemon: ${error.message}`, hint: "see `hbx daemon logs`", code: 1 };
  }
  return { message: error instanceof Error ? error.message : String(error), code: 1 };
}

/** A running daemon stays as old as it was when it started. */
function hintFor({ code, hint }: ApiError): string | undefined {
  return code === "api.no_route"
    ? "the running daemon does not know this request; if it is older than this command, `hbx daemon stop` makes way for a new one and leaves containers alone"
    : hint;
}
