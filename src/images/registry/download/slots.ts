/** At most so many at once; who waits is served in order. */

export type Slots = {
  acquire(signal: AbortSignal): Promise<Disposable>;
};

export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return {
    async acquire(signal) {
      signal.throwIfAborted();
      if (free > 0) free--;
      else
        await new Promise<void>((resolve, reject) => {
          const turn = () => {
            signal.removeEventListener("abort", abort);
            resolve();
          };
          const abort = () => {
            waiting.splice(waiting.indexOf(turn), 1);
            reject(signal.reason);
          };
          waiting.push(turn);
          signal.addEventListener("abort", abort, { once: true });
        });
      let held = true;
      return {
        [Symbol.dispose]() {
          if (held) release();
          held = false;
        },
      };
    },
  };
}
