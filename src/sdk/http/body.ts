/** Response bodies: by length, chunked, or to the end of the connection. */
import { HttpProtocolError } from "../errors.ts";
import type { SocketStream } from "../socket-stream.ts";
import type { ResponseHead } from "./head.ts";

export type BodyFraming =
  | { kind: "empty" }
  | { kind: "length"; bytes: number }
  | { kind: "chunked" }
  | { kind: "close" };

export function bodyFraming(method: string, { status, headers }: ResponseHead): BodyFraming {
  if (method === "HEAD" || status === 204 || status === 304) return { kind: "empty" };
  const coding = headers.get("transfer-encoding");
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") throw new HttpProtocolError(`unknown transfer coding ${coding}`);
    return { kind: "chunked" };
  }
  const length = headers.get("content-length");
  if (length === undefined) return { kind: "close" };
  if (!/^\d{1,15}$/.test(length)) throw new HttpProtocolError(`malformed Content-Length ${JSON.stringify(length)}`);
  return { kind: "length", bytes: Number(length) };
}

export async function* readBody(stream: SocketStream, framing: BodyFraming): AsyncGenerator<Uint8Array> {
  if (framing.kind === "length") yield* readExactly(stream, framing.bytes);
  else if (framing.kind === "chunked") yield* readChunked(stream);
  else if (framing.kind === "close") {
    for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) yield chunk;
  }
}

async function* readExactly(stream: SocketStream, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  while (left > 0) {
    const chunk = await stream.read();
    if (chunk === null) throw new HttpProtocolError(`the answer ended ${left} bytes early`);
    if (chunk.length > left) {
      stream.unread(chunk.subarray(left));
      yield chunk.subarray(0, left);
      return;
    }
    left -= chunk.length;
    yield chunk;
  }
}

async function* readChunked(stream: SocketStream): AsyncGenerator<Uint8Array> {
  for (;;) {
    const line = await readLine(stream);
    const match = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line);
    if (!match) throw new HttpProtocolError(`malformed chunk size ${JSON.stringify(line.slice(0, 40))}`);
    const size = Number.parseInt(match[1] ?? "", 16);
    if (size === 0) break;
    yield* readExactly(stream, size);
    if ((await readLine(stream)) !== "") throw new HttpProtocolError("a chunk is longer than it says");
  }
  while ((await readLine(stream)) !== "") {
    // trailers carry nothing we use
  }
}

const maxLineBytes = 4096;

async function readLine(stream: SocketStream): Promise<string> {
  let line = "";
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) throw new HttpProtocolError("the answer ended within a chunk");
    const end = chunk.indexOf(10);
    line += Buffer.from(chunk.buffer, chunk.byteOffset, end < 0 ? chunk.length : end).toString("latin1");
    if (line.length > maxLineBytes) throw new HttpProtocolError("a chunk's first line is too long");
    if (end < 0) continue;
    stream.unread(chunk.subarray(end + 1));
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }
}
