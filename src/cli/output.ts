/**
 * Standard output and error. Bun's FileSink writes at once, waits where a pipe is full, and costs nothing to load
 * (process.stdout costs 9 ms).
 */
export type Output = {
  write(data: Uint8Array | string): Promise<void> | void;
  line(text?: string): void;
  flush(): Promise<void>;
};

export function openOutput(target: "stdout" | "stderr"): Output {
  let sink: Bun.FileSink | undefined;
  let pending: Promise<unknown> | undefined;
  const write = (data: Uint8Array | string): Promise<void> | void => {
    sink ??= (target === "stdout" ? Bun.stdout : Bun.stderr).writer({ highWaterMark: 64 * 1024 });
    const taken = sink.write(data as Uint8Array<ArrayBuffer>) as unknown;
    const flushed = sink.flush() as unknown;
    const waits = [taken, flushed].filter((value): value is Promise<unknown> => value instanceof Promise);
    if (waits.length === 0) return;
    pending = Promise.all(pending ? [pending, ...waits] : waits);
    pending.catch(() => undefined); // reported to whoever awaits write() or flush()
    return pending.then(() => undefined);
  };
  return {
    write,
    line: (text = "") => void write(`${text}\n`),
    async flush() {
      await pending;
    },
  };
}
