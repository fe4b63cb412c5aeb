/** A few at a time. The first failure stops the others and is thrown when they have ended. */
export async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const queue = items.values();
  let failure: { error: unknown } | null = null;
  const worker = async () => {
    for (const item of queue) {
      if (failure) return;
      try {
        await work(item, either);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  const failed = failure as { error: unknown } | null;
  if (failed) throw failed.error;
}
