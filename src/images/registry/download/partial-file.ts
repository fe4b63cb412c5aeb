/**
 * A blob that is on its way: `blobs/partial/<hex>` with the bytes where they belong, and `<hex>.parts` which says what of it is
 * there. Both outlive the daemon. Nothing in it counts before the whole was hashed, so that a wrong note costs time only.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestHex } from "../../../base/digest.ts";

/** `end` is exclusive. */
export type Span = { start: number; end: number };

export type PartialFile = AsyncDisposable & {
  readonly path: string;
  readonly sizeBytes: number;
  /** Bytes from the start without a gap. */
  readonly prefixBytes: number;
  readonly presentBytes: number;
  gaps(): Span[];
  write(at: number, chunk: Uint8Array): Promise<void>;
  /** Up to `length` bytes of what is there, in `buffer` where one is given. */
  read(at: number, length: number, buffer?: Buffer): Promise<Uint8Array>;
  /** Forgets what came. */
  clear(): void;
  /** After this nothing of it is left, once disposed. */
  discard(): void;
};

const noteEveryBytes = 4 * 1024 * 1024;

export async function openPartialFile(directory: string, digest: Digest, sizeBytes: number): Promise<PartialFile> {
  const path = join(directory, digestHex(digest));
  const notes = `${path}.parts`;
  let spans = readNotes(notes, sizeBytes);
  // Where notes without their file were left, they are wrong.
  if (!existsSync(path)) spans = [];
  const handle = await open(path, spans.length === 0 ? "w+" : "r+", 0o600);
  let unnoted = 0;
  let discarded = false;
  const note = () => {
    unnoted = 0;
    const text = [`${sizeBytes}`, ...spans.map(({ start, end }) => `${start}-${end}`)].join("\n");
    writeFileSync(`${notes}.new`, text, { mode: 0o600 });
    renameSync(`${notes}.new`, notes);
  };
  let closed = false;
  return {
    path,
    sizeBytes,
    get prefixBytes() {
      const [first] = spans;
      return first?.start === 0 ? first.end : 0;
    },
    get presentBytes() {
      return spans.reduce((sum, { start, end }) => sum + end - start, 0);
    },
    gaps: () => gapsOf(spans, sizeBytes),
    async write(at, chunk) {
      for (let done = 0; done < chunk.byteLength; )
        done += (await handle.write(chunk, done, chunk.byteLength - done, at + done)).bytesWritten;
      spans = addSpan(spans, { start: at, end: at + chunk.byteLength });
      unnoted += chunk.byteLength;
      if (unnoted >= noteEveryBytes) note();
    },
    async read(at, length, buffer = Buffer.allocUnsafeSlow(length)) {
      const { bytesRead } = await handle.read(buffer, 0, length, at);
      return buffer.subarray(0, bytesRead);
    },
    clear() {
      spans = [];
    },
    discard() {
      discarded = true;
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      await handle.close();
      if (discarded || spans.length === 0) for (const file of [path, notes]) rmSync(file, { force: true });
      else note();
    },
  };
}

function readNotes(path: string, sizeBytes: number): Span[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const [size, ...lines] = text.split("\n");
  if (size !== String(sizeBytes)) return [];
  let spans: Span[] = [];
  for (const line of lines) {
    const match = /^(\d{1,15})-(\d{1,15})$/.exec(line);
    const span = { start: Number(match?.[1]), end: Number(match?.[2]) };
    if (!match || span.start >= span.end || span.end > sizeBytes) return [];
    spans = addSpan(spans, span);
  }
  return spans;
}

/** Sorted, without overlaps. */
export function addSpan(spans: readonly Span[], added: Span): Span[] {
  if (added.start >= added.end) return [...spans];
  const out: Span[] = [];
  let { start, end } = added;
  for (const span of spans) {
    if (span.end < start || span.start > end) out.push(span);
    else {
      start = Math.min(start, span.start);
      end = Math.max(end, span.end);
    }
  }
  out.push({ start, end });
  return out.sort((a, b) => a.start - b.start);
}

export function gapsOf(spans: readonly Span[], sizeBytes: number): Span[] {
  const gaps: Span[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    if (start > at) gaps.push({ start: at, end: start });
    at = Math.max(at, end);
  }
  if (at < sizeBytes) gaps.push({ start: at, end: sizeBytes });
  return gaps;
}
