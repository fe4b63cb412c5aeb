/** Notices when somebody else takes our table or a bridge away, and brings it back. */
import type { Logger } from "../../base/log.ts";
import type { JobFrame } from "../../engines/index.ts";
import type { Bridges } from "./bridges.ts";

export type WatchJobs = {
  run(
    frame: JobFrame,
    options?: { signal?: AbortSignal; onFrame?: (frame: Record<string, unknown>) => void },
  ): Promise<unknown>;
};

type Watch = Disposable & {
  /** Idempotent: watches from the first call on. Resolves when nothing can be missed any more. */
  begin(): Promise<void>;
};

/** The watcher is a process of the core's; one that was killed is started again after this long. */
const pauseMs = 1000;

/** `onLink` hears of every link of ours that is gone and no bridge. */
export function createWatch(
  jobs: WatchJobs,
  table: string,
  bridges: Bridges,
  onLink: (name: string) => void,
  logger: Logger,
): Watch {
  const abort = new AbortController();
  let watching: Promise<void> | null = null;
  let timer: Timer | null = null;

  const restore = (what: string, name: string): void => {
    const network = bridges.byBridge(name);
    if (what === "link" && network === undefined) {
      onLink(name);
      return;
    }
    logger.log("warn", "network.restore", { what, name });
    bridges.restore(network === undefined ? [] : [network]).catch((error: unknown) => {
      if (!abort.signal.aborted) logger.log("error", "network.restore", { what, name, error: String(error) });
    });
  };

  const watch = (again: boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const onFrame = (frame: Record<string, unknown>): void => {
      const [what, name] = [String(frame["what"]), String(frame["name"])];
      if (what !== "watching") restore(what, name);
      else {
        resolve();
        // Nobody watched for a while.
        if (again) for (const { link } of bridges.standing().slice(0, 1)) restore("table", link.bridge);
      }
    };
    void jobs
      .run({ t: "watchNetwork", table }, { signal: abort.signal, onFrame })
      .catch(() => undefined)
      .finally(() => {
        resolve();
        if (abort.signal.aborted) return;
        timer = setTimeout(() => void watch(true), pauseMs);
        timer.unref();
      });
    return promise;
  };

  return {
    begin() {
      watching ??= watch(false);
      return watching;
    },
    [Symbol.dispose]() {
      abort.abort();
      if (timer) clearTimeout(timer);
    },
  };
}
