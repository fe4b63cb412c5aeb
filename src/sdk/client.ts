/** Typed access to the Engine API over one Unix socket. Idle connections are kept and used again. */
import { ApiError, HttpProtocolError } from "./errors.ts";
import { HttpConnection, type HttpRequest, type HttpResponse, type RequestBody } from "./http/connection.ts";
import { apiVersion } from "./paths.ts";
import type { SocketStream } from "./socket-stream.ts";

export type Query = Record<string, string | number | boolean | string[] | undefined>;
export type RequestOptions = {
  query?: Query | undefined;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, with `contentType`. */
  body?: RequestBody;
  contentType?: string;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Largest answer `json()` and `text()` accept. */
  maxBytes?: number;
};

const defaultMaxBytes = 64 * 1024 * 1024;

export type Client = {
  readonly socketPath: string;
  /** Streams; throws ApiError for statuses of 400 and more. */
  stream(method: string, path: string, options?: RequestOptions): Promise<HttpResponse>;
  json<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  text(method: string, path: string, options?: RequestOptions): Promise<string>;
  /** Hijacks the connection; the returned stream is raw. */
  hijack(path: string, options?: RequestOptions): Promise<HttpResponse & { raw: SocketStream }>;
  close(): void;
};

export type Connect = (socketPath: string) => Promise<HttpConnection>;

/** `version` is the API version spoken (`v1.51`); an older daemon needs an older one. */
export function createClient(
  socketPath: string,
  connect: Connect = (path) => HttpConnection.open(path),
  version = apiVersion,
): Client {
  const idle: HttpConnection[] = [];
  const release = (connection: HttpConnection) => void idle.push(connection);

  async function send(request: HttpRequest): Promise<HttpResponse> {
    for (let kept = idle.pop(); kept; kept = idle.pop()) {
      if (!kept.reusable) continue;
      // A kept connection may die under us; only what can be sent twice is sent over it.
      if (request.method !== "GET" && request.body !== undefined && isStream(request.body)) continue;
      return await kept.request(request, release);
    }
    return await (await connect(socketPath)).request(request, release);
  }

  async function stream(method: string, path: string, options: RequestOptions = {}): Promise<HttpResponse> {
    return await checked(await send(toRequest(version, method, path, options)));
  }

  return {
    socketPath,
    stream,
    async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
      const response = await stream(method, path, options);
      const text = await readText(response.body, options.maxBytes ?? defaultMaxBytes);
      if (text === "") return undefined as T;
      try {
        return JSON.parse(text) as T;
      } catch (cause) {
        throw new HttpProtocolError(`the daemon's answer to ${method} ${path} is not JSON`, { cause });
      }
    },
    async text(method, path, options = {}) {
      const response = await stream(method, path, options);
      return await readText(response.body, options.maxBytes ?? defaultMaxBytes);
    },
    async hijack(path, options = {}) {
      const request = { ...toRequest(version, "POST", path, options), upgrade: true };
      const response = await checked(await send(request));
      if (!response.raw) throw new HttpProtocolError("the daemon did not switch to a raw stream");
      return { ...response, raw: response.raw };
    },
    close() {
      for (const connection of idle.splice(0)) connection.close();
    },
  };
}

function isStream(body: RequestBody): boolean {
  return typeof body !== "string" && !(body instanceof Uint8Array);
}

function toRequest(version: string, method: string, path: string, options: RequestOptions): HttpRequest {
  const prefix = path.startsWith("/hbx/") ? "" : `/${version}`;
  const request: HttpRequest = { method, path: prefix + path + encodeQuery(options.query) };
  if (options.json !== undefined) {
    request.body = JSON.stringify(options.json);
    request.headers = { "Content-Type": "application/json" };
  } else if (options.body !== undefined) {
    request.body = options.body;
    request.headers = { "Content-Type": options.contentType ?? "application/x-tar" };
  }
  if (options.headers) request.headers = { ...request.headers, ...options.headers };
  return request;
}

export function encodeQuery(query: Query = {}): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) parts.push(`${key}=${encodeURIComponent(String(one))}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

export async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new HttpProtocolError(`the daemon's answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
}

async function checked(response: HttpResponse): Promise<HttpResponse> {
  if (response.status < 400) return response;
  const text = await readText(response.body, 1024 * 1024);
  throw toApiError(response.status, text);
}

function toApiError(status: number, text: string): ApiError {
  try {
    const { message, hint, code } = JSON.parse(text) as Record<string, unknown>;
    if (typeof message === "string" && message !== "") {
      return new ApiError(status, message, {
        hint: typeof hint === "string" ? hint : undefined,
        code: typeof code === "string" ? code : undefined,
      });
    }
  } catch {
    // not JSON: the text itself is the message
  }
  return new ApiError(status, text.trim() || `the daemon answered with status ${status}`);
}
