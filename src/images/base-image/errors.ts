/** Errors of the base image. */
import { EngineError } from "../../base/errors.ts";

export function badBusybox(path: string, state: string, cause?: unknown): EngineError {
  return new EngineError({
    code: "image.bad_busybox",
    kind: "invalid_argument",
    message: `Cannot make the base image from ${path}: ${state}`,
    hint: "install the package busybox-static, or name a static busybox with ?busybox=PATH",
    cause,
  });
}
