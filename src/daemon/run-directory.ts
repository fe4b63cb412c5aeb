/** An ordinary user's run directory may be below /tmp, where anybody can be first: then its sockets would be in his hands. */
import { lstatSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { EngineError } from "../base/errors.ts";

/** Makes `run` and what is above it; throws unless both belong to `uid` or root and no one else can replace what is inside. */
export function makeOwnRunDirectory(run: string, uid: number): void {
  mkdirSync(run, { recursive: true, mode: 0o700 });
  for (const path of [run, dirname(run)]) {
    const { mode, uid: owner } = statSync(path);
    // A link can be turned elsewhere by whoever owns it.
    for (const one of [owner, lstatSync(path).uid]) {
      if (one !== uid && one !== 0) throw foreign(path, "it belongs to another user");
    }
    const sticky = (mode & 0o1000) !== 0;
    if ((mode & 0o002) !== 0 && !sticky) throw foreign(path, "everybody may change it");
  }
}

function foreign(path: string, state: string): EngineError {
  return new EngineError({
    code: "daemon.foreign_directory",
    kind: "forbidden",
    message: `Cannot keep sockets in ${path}: ${state}`,
    hint: "set HYPERBOX_RUN or XDG_RUNTIME_DIR to a directory of your own",
  });
}
