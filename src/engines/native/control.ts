/** The control connection to a shim or to the name service: requests with their answers, and events. */
import { EngineError } from "../../base/errors.ts";
import type { CoreConnection, Frame } from "./connection.ts";
import type { ControlRequest, FailedFrame } from "./protocol.ts";

export type Control<Request extends object = ControlRequest> = Disposable & {
  /** Sends a request; resolves with its answer, rejects with what `describe` makes of `failed`. */
  request(frame: Request): Promise<Frame>;
  /** Resolves when the peer has closed the connection. */
  readonly closed: Promise<void>;
};

type Pending = { resolve(frame: Frame): void; reject(error: unknown): void };

/** Runs the reading loop over an open connection. `onEvent` gets every frame that answers no request. */
export function createControl<Request extends object = ControlRequest>(
  connection: CoreConnection,
  onEvent: (frame: Frame) => void,
  describe: (failed: FailedFrame) => EngineError,
): Control<Request> {
  const pending = new Map<number, Pending>();
  let sequence = 0;

  const read = async (): Promise<void> => {
    for (;;) {
      const frame = await connection.receive();
      if (frame === null) return;
      const seq = frame["seq"];
      const waiting = typeof seq === "number" ? pending.get(seq) : undefined;
      if (!waiting || typeof seq !== "number") {
        if (frame.t !== "hello") onEvent(frame);
        continue;
      }
      pending.delete(seq);
      if (frame.t === "failed") waiting.reject(describe(frame as unknown as FailedFrame));
      else waiting.resolve(frame);
    }
  };
  const closed = read()
    .catch(() => undefined)
    .then(() => {
      connection[Symbol.dispose]();
      for (const { reject } of pending.values()) reject(gone());
      pending.clear();
    });

  return {
    closed,
    request(frame) {
      if (connection.closed) return Promise.reject(gone());
      sequence = (sequence + 1) >>> 0;
      const seq = sequence;
      return new Promise((resolve, reject) => {
        pending.set(seq, { resolve, reject });
        connection.send({ ...frame, seq });
      });
    },
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

function gone(): EngineError {
  return new EngineError({
    code: "native.shim_gone",
    kind: "conflict",
    message: "Cannot reach the container: it has ended",
  });
}
