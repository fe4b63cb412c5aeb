/** Calls everyone who waited, once. */
export function notify<T>(listeners: Set<(value: T) => void>, value: T): void {
  if (listeners.size === 0) return;
  const called = [...listeners];
  listeners.clear();
  for (const listener of called) listener(value);
}
