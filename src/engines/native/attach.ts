/** Opens a further connection to a shim and turns it into a stream: attach, or an exec with its stdio. */
import type { Duplex } from "node:stream";
import type { EngineError } from "../../base/errors.ts";
import { socketDescriptor } from "../../base/socket-descriptor.ts";
import { expectHello, type Frame, openConnection, protocolError } from "./connection.ts";
import type { ControlRequest, FailedFrame } from "./protocol.ts";

type StreamRequest = Extract<ControlRequest, { t: "attach" | "exec" }>;

/**
 * Sends `request`; resolves with its answer and the bare socket behind it. With `output` the core writes the output
 * straight into that socket, if it can be passed, and only its end is seen on the stream.
 */
export async function openStream(
  controlSocket: string,
  request: StreamRequest,
  describe: (failed: FailedFrame) => EngineError,
  output?: Duplex,
): Promise<{ answer: Frame; stream: Duplex }> {
  const connection = await openConnection(controlSocket);
  try {
    const frame = { ...request, seq: 1 };
    const descriptor = output ? socketDescriptor(output) : null;
    if (descriptor === null || !connection.sendWithDescriptor(frame, descriptor)) connection.send(frame);
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
