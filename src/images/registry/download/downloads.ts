/**
 * Blobs on their way, one download each however many pulls wait for it. A download ends with the last who waits. What a broken
 * one has got stays on disk, and the next one goes on from there.
 */
import { mkdirSync } from "node:fs";
import type { Digest } from "../../../base/digest.ts";
import type { RegistrySettings } from "../settings.ts";
import { type FetchPart, fill } from "./fill.ts";
import { openPartialFile, type PartialFile } from "./partial-file.ts";
import { createSlots } from "./slots.ts";

export type BlobRequest = {
  digest: Digest;
  sizeBytes: number;
  fetchPart: FetchPart;
};

export type Download = AsyncDisposable & {
  /** Whose bytes are all right once `read` came to its end. */
  readonly path: string;
  /** Others began it. */
  readonly joined: boolean;
  /** Some of it was there before. */
  readonly resumed: boolean;
  /** The bytes in order, as they come; who keeps a piece copies it. Throws what broke the download. */
  read(signal: AbortSignal): AsyncGenerator<Uint8Array>;
  /** Exactly these bytes, as soon as all before them came too. */
  readAt(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Called with the bytes that are there, after each piece, until disposed. */
  watch(listener: (presentBytes: number) => void): void;
  /** What came is of no use: nothing of it is kept. */
  discard(): void;
};

export type Downloads = {
  join(request: BlobRequest): Promise<Download>;
};

type Running = {
  file: PartialFile;
  stop: AbortController;
  failure: { error: unknown } | null;
  listeners: Set<(presentBytes: number) => void>;
  changed: PromiseWithResolvers<void>;
  ended: Promise<void>;
  resumed: boolean;
};

/** Counted before it is open, so that nobody closes what another is about to use. */
type Entry = { opening: Promise<Running>; users: number; broken: boolean; closed: PromiseWithResolvers<void> };

export const blobsAtOnce = 3;
const pieceBytes = 256 * 1024;
const collectEveryBytes = 8 * 1024 * 1024;
/** A piece is valid until three more were asked for: fresh memory for each would pile up until the next collection. */
const buffersInTurn = 4;

export function createDownloads(directory: string, settings: RegistrySettings): Downloads {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const entries = new Map<Digest, Entry>();
  const slots = createSlots(blobsAtOnce);
  const collect = createCollector();

  const begin = async (request: BlobRequest, onFailure: () => void): Promise<Running> => {
    const { digest, sizeBytes, fetchPart } = request;
    const file = await openPartialFile(directory, digest, sizeBytes);
    const stop = new AbortController();
    const listeners = new Set<(presentBytes: number) => void>();
    const download: Running = {
      ...{ file, stop, listeners },
      failure: null,
      changed: Promise.withResolvers(),
      ended: Promise.resolve(),
      resumed: file.presentBytes > 0,
    };
    const wake = () => {
      download.changed.resolve();
      download.changed = Promise.withResolvers();
    };
    const work = async () => {
      try {
        if (file.gaps().length === 0) return;
        using _slot = await slots.acquire(stop.signal);
        const onPiece = (bytes: number) => {
          collect(bytes);
          for (const listener of listeners) listener(file.presentBytes);
          wake();
        };
        await fill({ file, fetchPart, settings, signal: stop.signal, onPiece });
      } catch (error) {
        if (isDiskFull(error)) file.discard();
        download.failure = { error };
        onFailure();
      } finally {
        wake();
      }
    };
    download.ended = work();
    return download;
  };

  const leave = async (digest: Digest, entry: Entry): Promise<void> => {
    entry.users--;
    if (entry.users > 0) return;
    entry.broken = true; // who comes now waits for the end
    try {
      const download = await entry.opening;
      download.stop.abort(new Error("nobody waits for this blob any more"));
      await download.ended;
      await download.file[Symbol.asyncDispose]();
    } finally {
      entries.delete(digest);
      entry.closed.resolve();
    }
  };

  const enter = async (request: BlobRequest): Promise<{ entry: Entry; joined: boolean }> => {
    const { digest } = request;
    for (let there = entries.get(digest); there; there = entries.get(digest)) {
      if (!there.broken) {
        there.users++;
        return { entry: there, joined: true };
      }
      await there.closed.promise;
    }
    const entry: Entry = {
      opening: begin(request, () => {
        entry.broken = true;
      }),
      users: 1,
      broken: false,
      closed: Promise.withResolvers(),
    };
    entries.set(digest, entry);
    return { entry, joined: false };
  };

  return {
    async join(request) {
      const { digest } = request;
      const { entry, joined } = await enter(request);
      let download: Running;
      try {
        download = await entry.opening;
      } catch (error) {
        await leave(digest, entry).catch(() => undefined);
        throw error;
      }
      let left: Promise<void> | null = null;
      const own: ((presentBytes: number) => void)[] = [];
      return {
        joined,
        resumed: download.resumed,
        path: download.file.path,
        async *read(signal) {
          const { file } = download;
          const buffers = Array.from({ length: buffersInTurn }, () => Buffer.allocUnsafeSlow(pieceBytes));
          let turn = 0;
          for (let at = 0; at < file.sizeBytes; ) {
            signal.throwIfAborted();
            const length = Math.min(pieceBytes, file.prefixBytes - at);
            if (length <= 0) {
              if (download.failure) throw download.failure.error;
              await either(download.changed.promise, signal);
              continue;
            }
            const buffer = buffers[turn++ % buffersInTurn] as Buffer;
            const piece = await file.read(at, length, buffer);
            if (piece.byteLength === 0) throw new Error(`${file.path} is shorter than its notes say`);
            at += piece.byteLength;
            yield piece;
          }
        },
        async readAt(offset, length, signal) {
          const { file } = download;
          while (file.prefixBytes < offset + length) {
            signal.throwIfAborted();
            if (download.failure) throw download.failure.error;
            await either(download.changed.promise, signal);
          }
          return await file.read(offset, length);
        },
        watch(listener) {
          own.push(listener);
          download.listeners.add(listener);
          listener(download.file.presentBytes);
        },
        discard: () => download.file.discard(),
        async [Symbol.asyncDispose]() {
          for (const listener of own) download.listeners.delete(listener);
          left ??= leave(digest, entry);
          await left;
        },
      };
    },
  };
}

/**
 * The runtime keeps what came over the network until a collection, which it does by the size of its own heap: at a gigabyte a
 * second that is late. Measured with 250 MB from the loopback: 103 MB at the peak, 128 without.
 */
function createCollector(): (bytes: number) => void {
  let uncollected = 0;
  return (bytes) => {
    uncollected += bytes;
    if (uncollected < collectEveryBytes) return;
    uncollected = 0;
    Bun.gc(true);
  };
}

function either(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    void promise.then(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
  });
}

function isDiskFull(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ENOSPC";
}
