/** Opens a further connection to a shim and turns it into a stream: attach, or an exec with its stdio. */
import type { Duplex } from "node:stream";
import type { EngineError } from "../../base/errors.ts";
import { expectHello, type Frame, openConnection, protocolError } from "./connection.ts";
import type { ControlRequest, FailedFrame } from "./protocol.ts";

type StreamRequest = Extract<ControlRequest, { t: "attach" | "exec" }>;

/** Sends `request`; resolves with its answer and the bare socket behind it. */
export async function openStream(
  controlSocket: string,
  request: StreamRequest,
  describe: (failed: FailedFrame) => EngineError,
): Promise<{ answer: Frame; stream: Duplex }> {
  const connection = await openConnection(controlSocket);
  try {
    connection.send({ ...request, seq: 1 });
    await expectHello(connection);
    const answer = await connection.receive();
    if (answer === null) throw protocolError("Cannot attach: the container has ended");
    if (answer.t === "failed") throw describe(answer as unknown as FailedFrame);
    return { answer, stream: connection.release() };
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}
