/** Where the native core's executable is: beside the sources, or extracted from the single-file build. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../base/errors.ts";

/** `override` comes from `HYPERBOX_CORE`; `base` is the folder of the running script. */
export function findCore(override: string | undefined, base: string): string {
  const candidates = override ? [override] : candidatesFrom(base);
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new EngineError({
    code: "native.missing",
    kind: "unavailable",
    message: `Cannot find the native core: there is no ${candidates.join(" and no ")}`,
    hint: override ? "correct HYPERBOX_CORE or unset it" : "run `npm run setup`",
  });
}

function candidatesFrom(base: string): string[] {
  // The script is src/daemon/main.ts or dist/daemon/main.js: the project is two levels up.
  const project = join(base, "..", "..");
  return [join(project, "native/target/x86_64-unknown-linux-gnu/release/hbx-core")];
}
