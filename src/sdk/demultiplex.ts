/**
 * Takes Docker's multiplexed stream apart: 8-byte header `[stream, 0, 0, 0, length u32 BE]`, then that many bytes.
 * Payload is handed on as views of the incoming chunks, never copied.
 */
import { HttpProtocolError } from "./errors.ts";

export type StreamName = "stdout" | "stderr" | "status";
export type Sink = (stream: StreamName, bytes: Uint8Array) => Promise<void> | void;

/** With `statusFrames`, kind 3 is our own (JSON about the run); otherwise it is Docker's error of the stream. */
export async function demultiplex(chunks: AsyncIterable<Uint8Array>, sink: Sink, statusFrames = false): Promise<void> {
  const header = new Uint8Array(8);
  let have = 0;
  let left = 0;
  let stream: StreamName = "stdout";
  for await (const chunk of chunks) {
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const piece = chunk.subarray(at, at + left);
        at += piece.length;
        left -= piece.length;
        const pending = sink(stream, piece);
        if (pending) await pending;
        continue;
      }
      while (have < 8 && at < chunk.length) header[have++] = chunk[at++] ?? 0;
      if (have < 8) break;
      have = 0;
      left = (((header[4] ?? 0) << 24) | ((header[5] ?? 0) << 16) | ((header[6] ?? 0) << 8) | (header[7] ?? 0)) >>> 0;
      stream = streamOf(header, left, chunk, at, statusFrames);
    }
  }
  if (left > 0 || have > 0) throw new HttpProtocolError("the output stream ended within a frame");
}

function streamOf(
  header: Uint8Array,
  length: number,
  chunk: Uint8Array,
  at: number,
  statusFrames: boolean,
): StreamName {
  const kind = header[0];
  if (header[1] || header[2] || header[3]) throw new HttpProtocolError("malformed output frame");
  if (kind === 0 || kind === 1) return "stdout";
  if (kind === 2) return "stderr";
  if (kind === 3 && statusFrames) return "status";
  if (kind === 3) {
    const said = new TextDecoder().decode(chunk.subarray(at, at + Math.min(length, 4096)));
    throw new HttpProtocolError(`the daemon reported: ${said}`);
  }
  throw new HttpProtocolError(`unknown output stream ${kind}`);
}

export async function* rawChunks(stream: { read(): Promise<Uint8Array | null> }): AsyncGenerator<Uint8Array> {
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) yield chunk;
}
