/** One holder per key at a time; others wait in order. */

export type KeyedLock = {
  /** Resolves when the key is free. Disposing frees it; idempotent. */
  acquire(key: string, signal: AbortSignal): Promise<Disposable>;
};

export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>();
  return {
    async acquire(key, signal) {
      signal.throwIfAborted();
      const before = tails.get(key) ?? Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      const tail = before.then(() => promise);
      tails.set(key, tail);
      const release = () => {
        resolve();
        if (tails.get(key) === tail) tails.delete(key);
      };
      try {
        await abortable(before, signal);
      } catch (error) {
        release();
        throw error;
      }
      return { [Symbol.dispose]: release };
    },
  };
}

function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    void promise.then(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
  });
}
