/** Fetches what a partial file lacks: in one go, or in several parts at once where the registry hands out parts. */
import type { ByteRange } from "../client.ts";
import { eachOf } from "../each-of.ts";
import { badAnswer } from "../errors.ts";
import { backoffDelay, wait } from "../http/backoff.ts";
import type { Incoming } from "../http/send.ts";
import type { RegistrySettings } from "../settings.ts";
import type { PartialFile, Span } from "./partial-file.ts";
import { spanOf } from "./ranges.ts";

export type FetchPart = (range: ByteRange | null, signal: AbortSignal) => Promise<Incoming>;

export type Fill = {
  file: PartialFile;
  fetchPart: FetchPart;
  settings: RegistrySettings;
  signal: AbortSignal;
  /** Called after each piece. */
  onPiece(bytes: number): void;
};

/** Below this a second connection is not worth its handshake. */
const largeBytes = 16 * 1024 * 1024;
export const partBytes = 8 * 1024 * 1024;
const connections = 3;
/** Failures in a row are forgiven once so much came in between. */
const progressBytes = 1024 * 1024;
const maxFailures = 40;

export async function fill({ file, fetchPart, settings, signal, onPiece }: Fill): Promise<void> {
  let ranges: "unknown" | "yes" | "no" = "unknown";
  let failures = 0;
  let inARow = 0;
  let presentAtFailure = file.presentBytes;

  /** Every byte of the answer to its place; throws when it ends early or goes on too long. */
  const take = async (answer: Incoming, span: Span): Promise<void> => {
    let at = span.start;
    for await (const piece of answer.body()) {
      if (at + piece.byteLength > span.end)
        throw badAnswer(answer.url, `it goes on beyond its ${file.sizeBytes} bytes`);
      await file.write(at, piece);
      at += piece.byteLength;
      onPiece(piece.byteLength);
    }
    if (at < span.end)
      throw badAnswer(answer.url, `it ended ${span.end - at} bytes early`, { details: { early: true } });
  };

  /** Fetches one part; true where the whole blob came instead. */
  const fetchSpan = async (wanted: Span, stop: AbortSignal): Promise<boolean> => {
    const whole = wanted.start === 0 && wanted.end === file.sizeBytes;
    const range =
      ranges === "no" || (whole && wanted.end <= partBytes) ? null : { start: wanted.start, end: wanted.end - 1 };
    const answer = await fetchPart(range, stop);
    try {
      const span = spanOf(answer, wanted, file.sizeBytes);
      ranges = answer.status === 206 ? "yes" : range === null ? ranges : "no";
      await take(answer, span);
      return answer.status === 200;
    } finally {
      answer.drop();
    }
  };

  for (;;) {
    signal.throwIfAborted();
    const parts = partsOf(
      file.gaps(),
      ranges === "no" || file.sizeBytes < largeBytes ? Number.POSITIVE_INFINITY : partBytes,
    );
    const [first, ...rest] = parts;
    if (first === undefined) return;
    try {
      if ((ranges as string) !== "yes") {
        await fetchSpan(first, signal);
        continue; // now it is known whether parts are handed out
      }
      await eachOf([first, ...rest], connections, signal, async (part, stop) => void (await fetchSpan(part, stop)));
    } catch (error) {
      signal.throwIfAborted();
      if (file.presentBytes - presentAtFailure >= progressBytes) inARow = 0;
      presentAtFailure = file.presentBytes;
      failures++;
      inARow++;
      if ((error as { code?: string }).code === "registry.bad_range" && ranges !== "no") {
        // Who is wrong about one part may be wrong about all of them.
        ranges = "no";
        file.clear();
        presentAtFailure = 0;
        continue;
      }
      if (!isPassing(error) || inARow >= settings.attempts || failures >= maxFailures) throw error;
      await wait(backoffDelay(inARow - 1, settings.backoffMs), signal);
    }
  }
}

/** The connection broke, or nothing came. A refusal stays one. */
function isPassing(error: unknown): boolean {
  const { code, details } = error as { code?: string; details?: { early?: boolean } };
  return code === "registry.unreachable" || code === "registry.stalled" || details?.early === true;
}

export function partsOf(gaps: readonly Span[], length: number): Span[] {
  return gaps.flatMap((gap) => {
    const parts: Span[] = [];
    for (let start = gap.start; start < gap.end; start += length)
      parts.push({ start, end: Math.min(gap.end, start + length) });
    return parts;
  });
}
