/**
 * Gives memory back when the daemon comes to rest. JavaScriptCore collects by allocation: a daemon that does nothing any
 * more would keep the garbage of its last work for ever.
 */

/** Looks this often whether the daemon has come to rest. */
const lookEveryMs = 10_000;
/** Less processor time than this between two looks is rest. */
const restingCpuUs = 30_000;

export function collectAtRest(): Disposable {
  let last = process.cpuUsage();
  let worked = true; // starting is work
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    if (user + system > restingCpuUs) worked = true;
    else if (worked) {
      worked = false;
      Bun.gc(true);
      last = process.cpuUsage();
    }
  }, lookEveryMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
