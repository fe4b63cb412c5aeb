/**
 * One connection to the native core: frames out, frames and stream sections in, and in the end perhaps the bare
 * socket. Reading is pull-based (`socket.read(n)`), so back-pressure reaches the peer and nothing is left in a
 * buffer of ours when the socket is handed on.
 */
import { connect, type Socket } from "node:net";
import { Decoder, Encoder } from "@msgpack/msgpack";
import { EngineError } from "../../base/errors.ts";
import { sendWithDescriptor } from "../../base/send-with-descriptor.ts";
import { socketDescriptor } from "../../base/socket-descriptor.ts";
import { maxFrameBytes, protocolVersion } from "./protocol.ts";

export type Frame = { t: string } & Record<string, unknown>;

const maxChunkBytes = 1024 * 1024;

export class CoreConnection implements Disposable {
  readonly #socket: Socket;
  #wake: (() => void) | null = null;
  #ended = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    const wake = () => {
      const resolve = this.#wake;
      this.#wake = null;
      resolve?.();
    };
    const end = () => {
      this.#ended = true;
      wake();
    };
    socket.on("readable", wake);
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", end);
  }

  send(frame: object): void {
    this.#socket.write(encodeFrame(frame));
  }

  /** The same with an open descriptor. False: the descriptor could not be passed, and nothing was sent. */
  sendWithDescriptor(frame: object, descriptor: number): boolean {
    const own = socketDescriptor(this.#socket);
    return own !== null && sendWithDescriptor(own, encodeFrame(frame), descriptor);
  }

  /** The next frame, or null when the peer has closed. */
  async receive(): Promise<Frame | null> {
    const body = await this.#section(maxFrameBytes);
    if (body === null) return null;
    if (body.byteLength === 0) throw protocolError("Cannot read a frame: it is empty");
    const frame = decoder.decode(body) as unknown;
    if (typeof frame !== "object" || frame === null || typeof (frame as Frame).t !== "string") {
      throw protocolError("Cannot read a frame: it has no type");
    }
    return frame as Frame;
  }

  /** The chunks of a stream section, up to its end. Throws when the peer closes before it. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = await this.#section(maxChunkBytes);
      if (chunk === null)
        throw protocolError("Cannot read a stream: the native core closed the connection before its end");
      if (chunk.byteLength === 0) return;
      yield chunk;
    }
  }

  /** Sends a whole stream section, waiting for the peer where it is slower. */
  async sendStream(source: AsyncIterable<Uint8Array>): Promise<void> {
    const header = () => Buffer.allocUnsafe(4);
    for await (const piece of source) {
      for (let at = 0; at < piece.byteLength; at += maxChunkBytes) {
        const chunk = piece.subarray(at, at + maxChunkBytes);
        const head = header();
        head.writeUInt32BE(chunk.byteLength, 0);
        this.#socket.write(head);
        if (!this.#socket.write(chunk)) await this.#drain();
        if (this.#ended) return; // the answer, still readable, says why
      }
    }
    this.#socket.write(Buffer.alloc(4));
  }

  /** Hands the bare socket out, with all that was not read yet. This object is finished then. */
  release(): Socket {
    this.#socket.removeAllListeners();
    this.#socket.on("error", () => this.#socket.destroy());
    return this.#socket;
  }

  get closed(): boolean {
    return this.#ended;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #section(limit: number): Promise<Buffer | null> {
    const head = await this.#read(4);
    if (head === null) return null;
    const length = head.readUInt32BE(0);
    if (length > limit)
      throw protocolError(
        `Cannot read from the native core: a section of ${length} bytes is over the limit of ${limit}`,
      );
    return length === 0 ? Buffer.alloc(0) : this.#read(length);
  }

  async #read(length: number): Promise<Buffer | null> {
    for (;;) {
      const bytes = this.#socket.read(length) as Buffer | null;
      if (bytes !== null) return bytes.byteLength === length ? bytes : null;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off("drain", done);
        this.#socket.off("close", done);
        resolve();
      };
      this.#socket.once("drain", done);
      this.#socket.once("close", done);
    });
  }
}

/** Kept: a new one for each frame takes longer than the frame itself. */
const encoder = new Encoder({ ignoreUndefined: true, initialBufferSize: 16 * 1024 });
const decoder = new Decoder();

function encodeFrame(frame: object): Buffer {
  const body = encoder.encodeSharedRef(frame);
  if (body.byteLength > maxFrameBytes) throw protocolError("Cannot send a frame: it is larger than 16 MiB");
  const bytes = Buffer.allocUnsafe(4 + body.byteLength);
  bytes.writeUInt32BE(body.byteLength, 0);
  bytes.set(body, 4);
  return bytes;
}

/** Connects and says hello; the peer's hello is checked by the first `receive` of the caller through `expectHello`. */
export function openConnection(path: string): Promise<CoreConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      const connection = new CoreConnection(socket);
      connection.send({ t: "hello", version: protocolVersion, role: "daemon", pid: process.pid });
      resolve(connection);
    });
  });
}

/** Reads the peer's hello. */
export async function expectHello(connection: CoreConnection): Promise<void> {
  const frame = await connection.receive();
  if (frame?.t === "hello" && frame.version === protocolVersion) return;
  throw protocolError(
    frame === null
      ? "Cannot speak to the native core: it closed the connection"
      : `Cannot speak to the native core: it speaks version ${String(frame.version)} of the protocol, we speak ${protocolVersion}`,
  );
}

export function protocolError(message: string): EngineError {
  return new EngineError({
    code: "native.protocol",
    kind: "unavailable",
    message,
    hint: "run `npm run build` so that daemon and native core are of one version",
  });
}
