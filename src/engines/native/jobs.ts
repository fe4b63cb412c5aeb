/** One-shot work for the native core: each job is a process of its own, cancelled by closing its connection. */
import type { EngineError } from "../../base/errors.ts";
import { type CoreConnection, expectHello, type Frame, protocolError } from "./connection.ts";
import type { FailedFrame, JobFrame } from "./protocol.ts";

export type DoneFrame = Readonly<Record<string, unknown>>;

export type JobOptions = {
  signal?: AbortSignal | undefined;
  /** Bulk bytes for jobs that read a stream section. */
  input?: AsyncIterable<Uint8Array> | undefined;
  /** Frames before `done` (`change` of a diff). */
  onFrame?: ((frame: Frame) => void) | undefined;
};

export type Jobs = {
  /** Runs to the end. Throws an EngineError made of the core's `failed`. */
  run(frame: JobFrame, options?: JobOptions): Promise<DoneFrame>;
  /** Runs a job that answers with a stream section; its bytes. Ending the iteration early cancels the job. */
  stream(frame: JobFrame, options?: { signal?: AbortSignal | undefined }): AsyncGenerator<Uint8Array>;
};

/** Makes the error for a job that failed; the features that ask know better texts for their own steps. */
export type JobFailure = (frame: JobFrame, failed: FailedFrame) => EngineError;

export function createJobs(connect: () => Promise<CoreConnection>, describe: JobFailure): Jobs {
  const open = async (frame: JobFrame, signal: AbortSignal | undefined): Promise<CoreConnection & Disposable> => {
    signal?.throwIfAborted();
    const connection = await connect();
    connection.send(frame);
    await expectHello(connection);
    return connection;
  };
  const next = async (connection: CoreConnection, frame: JobFrame): Promise<Frame> => {
    const answer = await connection.receive();
    if (answer === null) throw protocolError(`Cannot complete job ${frame.t}: its process ended without an answer`);
    if (answer.t === "failed") throw describe(frame, answer as unknown as FailedFrame);
    return answer;
  };
  return {
    async run(frame, { signal, input, onFrame } = {}) {
      using connection = await open(frame, signal);
      const cancel = () => connection[Symbol.dispose]();
      signal?.addEventListener("abort", cancel, { once: true });
      try {
        // A source that fails closes the connection, which cancels the job; its error is the one to tell.
        const sending = input === undefined ? null : connection.sendStream(input);
        let sourceFailure: unknown;
        sending?.catch((error) => {
          sourceFailure = error;
          connection[Symbol.dispose]();
        });
        try {
          for (;;) {
            const answer = await next(connection, frame);
            if (answer.t === "done") return answer;
            onFrame?.(answer);
          }
        } catch (error) {
          signal?.throwIfAborted();
          throw sourceFailure ?? error;
        }
      } finally {
        signal?.removeEventListener("abort", cancel);
      }
    },
    async *stream(frame, { signal } = {}) {
      using connection = await open(frame, signal);
      const cancel = () => connection[Symbol.dispose]();
      signal?.addEventListener("abort", cancel, { once: true });
      try {
        const first = await next(connection, frame);
        if (first.t !== "streaming") throw protocolError(`Cannot complete job ${frame.t}: it answered ${first.t}`);
        yield* connection.chunks();
        await next(connection, frame);
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        signal?.removeEventListener("abort", cancel);
      }
    },
  };
}
