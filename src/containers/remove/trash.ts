/**
 * Removed trees: renamed into `trash/` at once, which is the journal of the work left to do, and deleted later by one
 * job for all that gathered meanwhile.
 */
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import type { Logger } from "../../base/log.ts";
import type { Clock, Jobs } from "../dependencies.ts";

export type Trash = AsyncDisposable & {
  /** Moves the directory away; a missing one is fine. */
  discard(dir: string, name: string): void;
};

type Deps = { home: string; jobs: Jobs; clock: Clock; logger: Logger };

/** Long enough that a burst of short containers costs one job, short enough that no disk fills. */
const gatherMs = 100;

export function createTrash({ home, jobs, clock, logger }: Deps): Trash {
  const path = `${home}/trash`;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  let timer: Disposable | null = null;
  let working: Promise<void> | null = null;
  let again = false;

  const empty = (): void => {
    timer = null;
    if (working) {
      again = true;
      return;
    }
    working = jobs
      .run({ t: "removeTree", path, keepRoot: true })
      .then(
        () => undefined,
        (error: unknown) => logger.log("error", "container.trash", { error: String(error) }),
      )
      .finally(() => {
        working = null;
        if (again) schedule();
        again = false;
      });
  };
  const schedule = (): void => {
    timer ??= clock.after(gatherMs, empty);
  };
  // What a crash left.
  if (readdirSync(path).length > 0) schedule();
  return {
    discard(dir, name) {
      try {
        renameSync(dir, `${path}/${name}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        throw error;
      }
      schedule();
    },
    async [Symbol.asyncDispose]() {
      timer?.[Symbol.dispose]();
      timer = null;
      again = false;
      if (working) await working;
    },
  };
}
