/** From who pushes bytes to who pulls them, one piece at a time: nothing piles up between them. */

export type Pipe = AsyncIterable<Uint8Array> & {
  /** Resolves when the reader has taken the piece and asks for the next one; throws once the pipe has failed. */
  write(chunk: Uint8Array): Promise<void>;
  end(): void;
  /** Ends both sides with an error; the first one counts. */
  fail(error: unknown): void;
};

export function createPipe(): Pipe {
  let piece: Uint8Array | null = null;
  let ended = false;
  let failure: { error: unknown } | null = null;
  let changed = Promise.withResolvers<void>();
  const wake = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const check = () => {
    if (failure) throw failure.error;
  };
  return {
    async write(chunk) {
      check();
      if (ended) throw new Error("the pipe was ended");
      if (chunk.byteLength === 0) return;
      piece = chunk;
      wake();
      while (piece === chunk) {
        await changed.promise;
        check();
      }
    },
    end() {
      ended = true;
      wake();
    },
    fail(error) {
      failure ??= { error };
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        check();
        if (piece !== null) {
          yield piece;
          piece = null;
          wake();
        } else if (ended) return;
        else await changed.promise;
      }
    },
  };
}
