/** What a client hears of the layers of a pull or push: Docker's words, not more often than an eye can follow. */
import type { Progress, ProgressLine } from "../../progress.ts";

export type LayerProgress = {
  /** A change of state: always told. */
  say(id: string, status: string): Promise<void>;
  /** How far it is: told at most every so often. Never fails: who has gone hears nothing. */
  count(id: string, status: string, current: number, total: number): void;
};

const intervalMs = 100;

export function createLayerProgress(
  progress: Progress,
  now: () => number = performance.now.bind(performance),
): LayerProgress {
  const toldMs = new Map<string, number>();
  const busy = new Set<string>();
  return {
    async say(id, status) {
      toldMs.delete(id);
      await progress.send({ status, progressDetail: {}, id });
    },
    count(id, status, current, total) {
      const at = now();
      if (busy.has(id) || at - (toldMs.get(id) ?? Number.NEGATIVE_INFINITY) < intervalMs) return;
      toldMs.set(id, at);
      busy.add(id);
      void progress
        .send(progressLine(id, status, current, total))
        .catch(() => undefined)
        .finally(() => busy.delete(id));
    },
  };
}

function progressLine(id: string, status: string, current: number, total: number): ProgressLine {
  return { status, progressDetail: { current, total }, progress: bar(current, total), id };
}

/** `[=====>      ]  1.2MB/3.4MB`, for clients that show it as it comes. */
function bar(current: number, total: number): string {
  const width = 50;
  const done = total === 0 ? width : Math.min(width, Math.floor((current / total) * width));
  const drawn = done < width ? `${"=".repeat(done)}>${" ".repeat(width - done)}` : "=".repeat(width);
  return `[${drawn}]  ${size(current)}/${size(total)}`;
}

function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  const units = ["B", "kB", "MB", "GB", "TB"];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
