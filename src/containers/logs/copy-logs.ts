/** Copies a container's log to a client: all of it or a tail, and what is written while it runs. */
import { unsupportedOption } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import { createChangeSignal } from "./change-signal.ts";
import { createFormatter } from "./format.ts";
import { parseLogConfig } from "./log-config.ts";
import { type LogFile, openLogFiles, openNext } from "./log-files.ts";
import { readBlocks } from "./read-blocks.ts";
import { findTail } from "./tail.ts";

export type LogOptions = {
  stdout: boolean;
  stderr: boolean;
  sinceNs?: number;
  untilNs?: number;
  /** Lines; absent: all. */
  tail?: number | undefined;
  timestamps?: boolean;
  details?: boolean;
  follow?: boolean;
};

export function requireLogs(context: Context, container: Container): { maxFiles: number } {
  const limits = parseLogConfig(container.hostConfig.LogConfig, context.defaults);
  if (limits) return limits;
  throw unsupportedOption("no_logs", "configured logging driver does not support reading");
}

/** `write` resolves when the client has room, so that memory stays bounded by one block. */
export async function copyLogs(
  context: Context,
  container: Container,
  options: LogOptions,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { maxFiles } = requireLogs(context, container);
  const path = containerPaths(context.home, container.id).log;
  const selection = {
    stdout: options.stdout,
    stderr: options.stderr,
    sinceNs: options.sinceNs ?? 0,
    untilNs: options.untilNs || Number.POSITIVE_INFINITY,
  };
  const following = (options.follow ?? false) && container.workload !== null;
  using change = following ? createChangeSignal(path, context.clock) : null;
  using _ending = change && watchForEnd(container, change, signal);
  const files = await openLogFiles(path, maxFiles);
  try {
    const tail = options.tail === undefined ? null : await findTail(files, options.tail, selection);
    const { timestamps = false, details = false } = options;
    const format = createFormatter({ selection, mux: !container.config.Tty, timestamps, details, tail });
    const copy = async (file: LogFile, index: number, from: number): Promise<number> => {
      let offset = from;
      // Who does not follow gets what was there: a container may write faster than its log is read.
      const limit = change ? Number.POSITIVE_INFINITY : file.sizeBytes;
      for await (const block of readBlocks(file, from, limit)) {
        if (signal.aborted) return offset;
        offset = block.offset + block.bytes.length;
        const bytes = format(block, index);
        if (bytes.length > 0) await write(bytes);
      }
      return offset;
    };
    let index = 0;
    let offset = 0;
    for (; index < files.length; index++) {
      const file = files[index];
      if (file) offset = await copy(file, index, 0);
    }
    if (!change) return;
    while (!signal.aborted) {
      // Read before the look at the file: what came before an end or a rotation must not be missed.
      const ended = container.workload === null || context.clock.nowMs() * 1e6 > selection.untilNs;
      const current = files.at(-1);
      if (current) offset = await copy(current, index - 1, offset);
      const next = await openNext(path, maxFiles, current);
      if (next) {
        if (current) await copy(current, index - 1, offset);
        files.push(next);
        index += 1;
        offset = 0;
        continue;
      }
      if (ended) return;
      await change.next();
    }
  } finally {
    for (const file of files) await file[Symbol.asyncDispose]();
  }
}

function watchForEnd(container: Container, change: { wake(): void }, signal: AbortSignal): Disposable {
  const wake = () => change.wake();
  void container.workload?.exited.then(wake);
  signal.addEventListener("abort", wake, { once: true });
  return {
    [Symbol.dispose]() {
      signal.removeEventListener("abort", wake);
    },
  };
}
