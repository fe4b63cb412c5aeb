/** One HTTP/1.1 connection: a request at a time, kept alive when the answer was read to its end. */
import { HttpProtocolError } from "../errors.ts";
import { SocketStream } from "../socket-stream.ts";
import { bodyFraming, readBody } from "./body.ts";
import { type ResponseHead, readHead } from "./head.ts";

export type RequestBody = Uint8Array | string | AsyncIterable<Uint8Array>;
export type HttpRequest = {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: RequestBody | undefined;
  /** Ask for a raw stream after the head (hijack). */
  upgrade?: boolean;
};
export type HttpResponse = ResponseHead & {
  /** The decoded body. Leaving the loop early closes the connection. */
  body: AsyncGenerator<Uint8Array>;
  /** Set when the peer switched to a raw stream. */
  raw?: SocketStream;
};

const encoder = new TextEncoder();

export class HttpConnection {
  readonly #stream: SocketStream;
  #reusable = true;

  private constructor(stream: SocketStream) {
    this.#stream = stream;
  }

  static async open(socketPath: string): Promise<HttpConnection> {
    return new HttpConnection(await SocketStream.open(socketPath));
  }

  get reusable(): boolean {
    return this.#reusable && !this.#stream.closed;
  }

  /** `release` is called when the answer was read to its end. */
  async request(request: HttpRequest, release: (connection: HttpConnection) => void): Promise<HttpResponse> {
    this.#reusable = false;
    const sending = this.#send(request);
    // An early answer (an error while the body is still being sent) counts more than the failed send.
    sending.catch(() => undefined);
    let head = await this.#headOr(sending);
    while (head.status >= 100 && head.status < 200 && head.status !== 101) head = await readHead(this.#stream);
    if (head.status === 101 || (request.upgrade && head.status === 200)) {
      return { ...head, body: readBody(this.#stream, { kind: "empty" }), raw: this.#stream };
    }
    const framing = bodyFraming(request.method, head);
    return { ...head, body: this.#consume(head, readBody(this.#stream, framing), sending, release) };
  }

  close(): void {
    this.#stream.close();
  }

  async #headOr(sending: Promise<void>): Promise<ResponseHead> {
    try {
      return await readHead(this.#stream);
    } catch (error) {
      this.#stream.close();
      await sending;
      throw error;
    }
  }

  async *#consume(
    head: ResponseHead,
    chunks: AsyncGenerator<Uint8Array>,
    sending: Promise<void>,
    release: (connection: HttpConnection) => void,
  ): AsyncGenerator<Uint8Array> {
    let complete = false;
    try {
      yield* chunks;
      complete = true;
    } finally {
      if (complete && head.keepAlive && (await settledWell(sending))) {
        this.#reusable = true;
        release(this);
      } else {
        this.#stream.close();
      }
    }
  }

  async #send({ method, path, headers, body, upgrade }: HttpRequest): Promise<void> {
    if (/[\s\0]/.test(path)) throw new HttpProtocolError("a request path cannot hold white space");
    let head = `${method} ${path} HTTP/1.1\r\nHost: hyperbox\r\n`;
    for (const [name, value] of Object.entries(headers ?? {})) head += `${name}: ${value.replace(/[\r\n]/g, " ")}\r\n`;
    if (upgrade) head += "Connection: Upgrade\r\nUpgrade: tcp\r\n";
    if (typeof body === "string" || body instanceof Uint8Array) {
      const bytes = typeof body === "string" ? encoder.encode(body) : body;
      await this.#stream.write(
        Buffer.concat([encoder.encode(`${head}Content-Length: ${bytes.length}\r\n\r\n`), bytes]),
      );
    } else if (body) {
      await this.#stream.write(encoder.encode(`${head}Transfer-Encoding: chunked\r\n\r\n`));
      for await (const chunk of body) if (chunk.length > 0) await this.#writeChunk(chunk);
      await this.#stream.write(encoder.encode("0\r\n\r\n"));
    } else {
      if (method === "POST" || method === "PUT") head += "Content-Length: 0\r\n";
      await this.#stream.write(encoder.encode(`${head}\r\n`));
    }
  }

  async #writeChunk(chunk: Uint8Array): Promise<void> {
    const size = encoder.encode(`${chunk.length.toString(16)}\r\n`);
    if (chunk.length < 4096) {
      await this.#stream.write(Buffer.concat([size, chunk, encoder.encode("\r\n")]));
      return;
    }
    await this.#stream.write(size);
    await this.#stream.write(chunk);
    await this.#stream.write(encoder.encode("\r\n"));
  }
}

async function settledWell(sending: Promise<void>): Promise<boolean> {
  const pending = Symbol("pending");
  const outcome = await Promise.race([
    sending.then(
      () => true,
      () => false,
    ),
    Promise.resolve(pending),
  ]);
  return (
    outcome === true ||
    (outcome === pending &&
      (await Promise.race([
        sending.then(
          () => true,
          () => false,
        ),
        Bun.sleep(50).then(() => false),
      ])))
  );
}
