/** A Unix socket as a byte stream with back-pressure both ways. Bun.connect is used because node:net costs 8 ms to load. */
import type { Socket } from "bun";

const pauseAboveBytes = 4 * 1024 * 1024;
const resumeBelowBytes = 1024 * 1024;

type Waiter = { resolve: () => void; reject: (error: Error) => void };

export class SocketStream {
  readonly #incoming: Uint8Array[] = [];
  #incomingBytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #paused = false;
  #reader: Waiter | undefined;
  #outgoing: Uint8Array[] = [];
  #drained: Waiter[] = [];
  #shutdownWanted = false;
  #socket: Socket<undefined> | undefined;

  /** Rejects with the connect error (code ENOENT, ECONNREFUSED, EACCES …). */
  static async open(socketPath: string): Promise<SocketStream> {
    const stream = new SocketStream();
    stream.#socket = await Bun.connect({
      unix: socketPath,
      allowHalfOpen: true,
      socket: {
        data: (_socket, chunk) => stream.#onData(chunk),
        drain: () => stream.#flush(),
        end: () => stream.#onEnd(),
        close: () => stream.#onClose(),
        error: (_socket, error) => stream.#fail(error),
      },
    });
    return stream;
  }

  get closed(): boolean {
    return this.#ended || this.#failure !== undefined;
  }

  /** The next bytes, or null at the end. One reader at a time. */
  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#incoming.shift();
      if (chunk) {
        this.#incomingBytes -= chunk.length;
        if (this.#paused && this.#incomingBytes < resumeBelowBytes) {
          this.#paused = false;
          this.#socket?.resume();
        }
        return chunk;
      }
      if (this.#failure) throw this.#failure;
      if (this.#ended) return null;
      await new Promise<void>((resolve, reject) => {
        this.#reader = { resolve, reject };
      });
    }
  }

  /** Puts bytes back, to be read first. */
  unread(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#incoming.unshift(chunk);
    this.#incomingBytes += chunk.length;
  }

  /** Resolves when the kernel has taken the bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (!this.#socket) throw new Error("connection closed");
    if (this.#outgoing.length === 0) {
      const written = this.#socket.write(bytes);
      if (written < 0) throw new Error("connection closed by the daemon");
      if (written === bytes.length) return;
      bytes = bytes.subarray(written);
    }
    this.#outgoing.push(bytes);
    await new Promise<void>((resolve, reject) => this.#drained.push({ resolve, reject }));
  }

  /** End of our input; the peer may go on sending. */
  shutdown(): void {
    this.#shutdownWanted = true;
    if (this.#outgoing.length === 0) this.#socket?.shutdown();
  }

  close(): void {
    this.#ended = true;
    this.#socket?.terminate();
    this.#wake();
  }

  #onData(chunk: Uint8Array): void {
    this.#incoming.push(chunk);
    this.#incomingBytes += chunk.length;
    if (!this.#paused && this.#incomingBytes > pauseAboveBytes) {
      this.#paused = true;
      this.#socket?.pause();
    }
    this.#wake();
  }

  #flush(): void {
    for (let head = this.#outgoing[0]; head; head = this.#outgoing[0]) {
      const written = this.#socket?.write(head) ?? -1;
      if (written < 0) {
        this.#fail(new Error("connection closed by the daemon"));
        return;
      }
      if (written < head.length) {
        this.#outgoing[0] = head.subarray(written);
        return;
      }
      this.#outgoing.shift();
    }
    if (this.#shutdownWanted) this.#socket?.shutdown();
    for (const waiter of this.#drained.splice(0)) waiter.resolve();
  }

  #onEnd(): void {
    this.#ended = true;
    this.#wake();
  }

  #onClose(): void {
    this.#ended = true;
    this.#wake();
    const gone = new Error("connection closed by the daemon");
    for (const waiter of this.#drained.splice(0)) waiter.reject(gone);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#reader?.reject(error);
    this.#reader = undefined;
    for (const waiter of this.#drained.splice(0)) waiter.reject(error);
  }

  #wake(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve();
  }
}
