/** The real clock. */
import type { Clock } from "../containers/index.ts";

export function createClock(): Clock {
  return {
    nowMs: () => Date.now(),
    after(delayMs, work) {
      const timer = setTimeout(work, delayMs);
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}
