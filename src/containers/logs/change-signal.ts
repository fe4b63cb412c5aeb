/** Tells when a log may have grown: the kernel's word, and looks of our own, since of two quick changes Bun reports one. */
import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Clock } from "../dependencies.ts";

export type ChangeSignal = Disposable & {
  /** Resolves at the next change, or at once when there was one since the last call. */
  next(): Promise<void>;
  /** Makes it resolve now. */
  wake(): void;
};

const firstLookMs = 10;
const lastLookMs = 1000;

export function createChangeSignal(path: string, clock: Clock): ChangeSignal {
  let pending = false;
  let resolve: (() => void) | null = null;
  let timer: Disposable | null = null;
  let lookMs = firstLookMs;
  const wake = (): void => {
    pending = true;
    resolve?.();
  };
  const name = basename(path);
  // The directory, since the file is another one after a rotation.
  const watcher = watch(dirname(path), (_event, changed) => {
    if (changed === null || changed.startsWith(name)) {
      lookMs = firstLookMs;
      wake();
    }
  });
  watcher.on("error", wake);
  return {
    async next() {
      if (!pending) {
        timer = clock.after(lookMs, wake);
        lookMs = Math.min(lookMs * 2, lastLookMs);
        await new Promise<void>((done) => {
          resolve = done;
        });
        timer[Symbol.dispose]();
      }
      resolve = null;
      pending = false;
    },
    wake,
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      watcher.close();
    },
  };
}
