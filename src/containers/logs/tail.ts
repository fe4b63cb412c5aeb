/** Finds where the last N lines begin. Lines of the two streams interleave, so each stream has a beginning of its own. */
import type { LogFile } from "./log-files.ts";
import { readBlocks } from "./read-blocks.ts";
import { headerBytes, payloadLength, type StreamNumber, timeNs } from "./record.ts";

export type Position = { file: number; record: number; payload: number };
/** Absent: nothing of that stream belongs to the tail, but what comes after `end` does. */
export type TailStart = Record<StreamNumber, Position>;

export type Selection = { stdout: boolean; stderr: boolean; sinceNs: number; untilNs: number };

const newline = 10;

export async function findTail(files: readonly LogFile[], lines: number, selection: Selection): Promise<TailStart> {
  // Mostly the newest file holds enough; an older one is read only when it does not.
  for (let first = files.length - 1; first > 0; first--) {
    const found = await scan(files, first, lines, selection);
    if (found.complete) return settle(files, found);
  }
  return settle(files, await scan(files, 0, lines, selection));
}

/** The newest file ends where the count ended: its size says nothing, since it is written over an older one. */
function settle(files: readonly LogFile[], { start, end }: { start: TailStart; end: Position }): TailStart {
  const newest = files.at(-1);
  if (newest && end.file === files.length - 1) newest.sizeBytes = Math.min(newest.sizeBytes, end.record);
  return start;
}

type Line = Position & { stream: StreamNumber };

async function scan(files: readonly LogFile[], first: number, lines: number, selection: Selection) {
  // A ring of the last lines' beginnings.
  const ring: Line[] = [];
  let seen = 0;
  const open: Record<StreamNumber, Position | null> = { 1: null, 2: null };
  const keep = (line: Line): void => {
    if (lines > 0) ring[seen % lines] = line;
    seen += 1;
  };
  let end: Position = { file: first, record: 0, payload: 0 };
  for (let file = first; file < files.length; file++) {
    const log = files[file];
    if (!log) continue;
    end = { file, record: 0, payload: 0 };
    for await (const { bytes, offset } of readBlocks(log, 0, log.sizeBytes)) {
      for (let at = 0; at < bytes.length; ) {
        const stream: StreamNumber = bytes[at] === 2 ? 2 : 1;
        const body = at + headerBytes;
        const next = body + payloadLength(bytes, at);
        if (selects(selection, bytes, at)) {
          let from = body;
          while (from < next) {
            open[stream] ??= { file, record: offset + at, payload: from - body };
            const stop = bytes.indexOf(newline, from);
            if (stop < 0 || stop >= next) break;
            keep({ ...open[stream], stream });
            open[stream] = null;
            from = stop + 1;
          }
        }
        at = next;
      }
      end = { file, record: offset + bytes.length, payload: 0 };
    }
  }
  for (const stream of [1, 2] as const) {
    const position = open[stream];
    if (position) keep({ ...position, stream });
  }
  return { start: starts(ring, end), end, complete: seen > lines + 1 };
}

function starts(ring: readonly Line[], end: Position): TailStart {
  const start: TailStart = { 1: end, 2: end };
  for (const { stream, ...position } of ring) {
    if (isBefore(position, start[stream])) start[stream] = position;
  }
  return start;
}

export function isBefore(a: Position, b: Position): boolean {
  if (a.file !== b.file) return a.file < b.file;
  return a.record !== b.record ? a.record < b.record : a.payload < b.payload;
}

export function selects({ stdout, stderr, sinceNs, untilNs }: Selection, block: Buffer, at: number): boolean {
  if (!(block[at] === 2 ? stderr : stdout)) return false;
  if (sinceNs === 0 && untilNs === Number.POSITIVE_INFINITY) return true;
  const time = timeNs(block, at);
  return time >= sinceNs && time <= untilNs;
}
