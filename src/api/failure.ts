/** Error → status and Docker's `{"message": …}` body. The one place where an unrecognised error gets an id and a log line. */
import { EngineError, httpStatusByKind } from "../base/errors.ts";
import { fromHostError } from "../base/host-error.ts";
import { createShortId } from "../base/ids.ts";
import type { Logger } from "../base/log.ts";

export type FailureBody = { status: number; body: { message: string; hint?: string; code?: string } };

export function describeFailure(error: unknown, logger: Logger): FailureBody {
  if (error instanceof EngineError) {
    const body: FailureBody["body"] = { message: error.message, code: error.code };
    if (error.hint !== undefined) body.hint = error.hint;
    const status = error.details.httpStatus;
    return { status: typeof status === "number" ? status : httpStatusByKind[error.kind], body };
  }
  const host = fromHostError(error);
  if (host) return describeFailure(host, logger);
  const id = createShortId();
  const stack = error instanceof Error ? error.stack : String(error);
  logger.log("error", "internal", { id, stack });
  return {
    status: 500,
    body: { message: `Cannot complete the request: internal error ${id}`, hint: "`hbx daemon logs` has the details" },
  };
}
