/** A plain client of the Engine API for tests: requests, JSON, and hijacked streams, with nothing of our SDK in it. */
import { connect, type Socket } from "node:net";
import { verifyResponse } from "./specification/verify-response.ts";

export type Answer = { status: number; text: string; json: unknown };

export type Api = {
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** With a body and headers that are sent as they are. */
  raw(method: string, path: string, init: { body?: string; headers?: Record<string, string> }): Promise<Answer>;
  /** Like call, but throws unless the status is below 400. */
  ok(method: string, path: string, body?: unknown): Promise<Answer>;
  upload(method: string, path: string, body: Uint8Array | ReadableStream, contentType?: string): Promise<Answer>;
  /** Sends an upgrade request; resolves with the bare socket once the 101 came. */
  hijack(path: string, body?: unknown): Promise<Hijacked>;
  stream(path: string, signal?: AbortSignal): Promise<Response>;
};

export type Hijacked = {
  socket: Socket;
  head: string /** Everything until the peer ends, demultiplexed. */;
  rest(): Promise<{ stdout: string; stderr: string; raw: Buffer }>;
};

/** `verify: false` lets answers pass that are not what the specification says: another engine's. */
export function createApi(socketPath: string, { verify = true } = {}): Api {
  const request = async (method: string, path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`http://d${path}`, { ...init, method, unix: socketPath } as RequestInit);
    const text = await response.text();
    let json: unknown = null;
    try {
      json = JSON.parse(text);
    } catch {
      json = null;
    }
    const wrong = verify ? verifyResponse(method, path.split("?")[0] ?? path, response.status, json) : null;
    if (wrong !== null)
      throw new Error(`the answer is not what the specification says: ${wrong}\n${text.slice(0, 2000)}`);
    return { status: response.status, text, json };
  };
  const call: Api["call"] = (method, path, body) =>
    request(
      method,
      path,
      body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } },
    );
  return {
    call,
    raw: (method, path, init) => request(method, path, init),
    async ok(method, path, body) {
      const answer = await call(method, path, body);
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
      return answer;
    },
    upload: (method, path, body, contentType = "application/x-tar") =>
      request(method, path, { body: body as never, headers: { "Content-Type": contentType } }),
    hijack: (path, body) => hijack(socketPath, path, body),
    stream: (path, signal) =>
      fetch(`http://d${path}`, { unix: socketPath, ...(signal ? { signal } : {}) } as RequestInit),
  };
}

function hijack(socketPath: string, path: string, body: unknown): Promise<Hijacked> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    const text = body === undefined ? "" : JSON.stringify(body);
    let seen = Buffer.alloc(0);
    socket.once("error", reject);
    const onData = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = seen.subarray(0, end).toString("latin1");
      if (!head.startsWith("HTTP/1.1 101") && !head.startsWith("HTTP/1.1 200")) {
        socket.once("end", () => reject(new Error(seen.toString("utf8"))));
        return;
      }
      socket.off("data", onData);
      resolve({ socket, head, rest: collect(socket, seen.subarray(end + 4)) });
    };
    socket.on("data", onData);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    );
  });
}

/** Starts collecting at once, so that nothing is missed; the function returned waits for the end. */
function collect(socket: Socket, first: Buffer): Hijacked["rest"] {
  const chunks = [first];
  socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
  const ended = new Promise<void>((resolve) => {
    socket.once("end", resolve);
    socket.once("close", () => resolve());
  });
  return async () => {
    await ended;
    socket.destroy();
    const raw = Buffer.concat(chunks);
    return { ...demultiplex(raw), raw };
  };
}

/** Splits Docker's 8-byte framed stream. */
export function demultiplex(bytes: Buffer): { stdout: string; stderr: string } {
  const out: Record<1 | 2, Buffer[]> = { 1: [], 2: [] };
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    const kind = bytes[at] === 2 ? 2 : 1;
    out[kind].push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return { stdout: Buffer.concat(out[1]).toString("utf8"), stderr: Buffer.concat(out[2]).toString("utf8") };
}
