/** Puts our terminal into raw mode, reports its size, and always puts it back. Loaded only for `-t`. */
import { Failure } from "../../cli/failure.ts";

export type TerminalSize = { h: number; w: number };
export type RawTerminal = Disposable & { onResize(report: (size: TerminalSize) => void): void };

export function requireTerminal(): void {
  if (!process.stdin.isTTY) {
    throw new Failure("the input device is not a TTY", {
      hint: "leave -t out when input is not a terminal",
      exitCode: 1,
    });
  }
}

export function openRawTerminal(): RawTerminal {
  const { stdin, stdout } = process;
  const raw = stdin.isTTY === true;
  if (raw) stdin.setRawMode(true);
  const restore = () => {
    if (raw) stdin.setRawMode(false);
  };
  process.on("exit", restore);
  for (const [signal, number] of [
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ] as const)
    process.once(signal, () => process.exit(128 + number));
  return {
    onResize(report) {
      const now = () => report({ h: stdout.rows ?? 0, w: stdout.columns ?? 0 });
      if (!stdout.isTTY) return;
      process.on("SIGWINCH", now);
      now();
    },
    [Symbol.dispose]() {
      process.off("exit", restore);
      restore();
    },
  };
}
