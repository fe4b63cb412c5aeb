/**
 * Gives memory back when the daemon comes to rest. JavaScriptCore collects by allocation: a daemon that does nothing any
 * more would keep the garbage of its last work for ever, and the pages of the runtime's program that only work needs.
 */
import { releaseCleanPages } from "./release-pages.ts";

/** Looks this often whether the daemon has come to rest. */
const lookEveryMs = 10_000;
/** Less processor time than this between two looks is rest. */
const restingCpuUs = 30_000;
/** More memory than at the last rest: a few requests have mapped pages in again. */
const grownBytes = 4 * 1024 * 1024;

export function collectAtRest(): Disposable {
  let last = process.cpuUsage();
  let worked = true; // starting is work
  let restedBytes = 0;
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    if (user + system > restingCpuUs) {
      worked = true;
      return;
    }
    if (!worked && process.memoryUsage.rss() < restedBytes + grownBytes) return;
    if (worked) Bun.gc(true);
    worked = false;
    releaseCleanPages();
    restedBytes = process.memoryUsage.rss();
    last = process.cpuUsage();
  }, lookEveryMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
