/** For tests: a registry on the loopback that serves what it is given, notes what it is asked, and misbehaves on demand. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { sha256 } from "../../testing/tar-jobs.ts";

export type Exchange = { request: IncomingMessage; response: ServerResponse; path: string; method: string };

export type TestRegistry = AsyncDisposable & {
  readonly host: string;
  /** Method and path of each request, with its range and whether it was authorized. */
  readonly seen: { method: string; path: string; range: string; authorization: string }[];
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { type: string; bytes: Buffer }>;
  /** Answers true where it has taken the exchange over. */
  before: (exchange: Exchange) => boolean | Promise<boolean>;
  addBlob(bytes: Buffer | string): { digest: string; size: number };
  /** Under its digest, and under `tags`. */
  addManifest(value: unknown, type: string, ...tags: string[]): { mediaType: string; digest: string; size: number };
  /** Sends a blob or a manifest as it should be. */
  serve(exchange: Exchange): void;
};

export async function openTestRegistry(): Promise<TestRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, { type: string; bytes: Buffer }>();
  const registry: TestRegistry = {
    host: "",
    seen: [],
    blobs,
    manifests,
    before: () => false,
    addBlob(content) {
      const bytes = Buffer.from(content);
      const digest = sha256(bytes);
      blobs.set(digest, bytes);
      return { digest, size: bytes.byteLength };
    },
    addManifest(value, type, ...tags) {
      const bytes = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
      const digest = sha256(bytes);
      for (const name of [digest, ...tags]) manifests.set(name, { type, bytes });
      return { mediaType: type, digest, size: bytes.byteLength };
    },
    serve: ({ request, response, path, method }) => {
      const [, kind, name = ""] = /\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
      if (path === "/v2/") return void response.end("{}");
      if (kind === "manifests") return sendManifest(response, method, manifests.get(name));
      if (kind === "blobs") return sendBlob(response, method, name, blobs.get(name), request.headers.range);
      notFound(response);
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/");
    const method = request.method ?? "GET";
    const { range = "", authorization = "" } = request.headers;
    registry.seen.push({ method, path: request.url ?? "/", range, authorization });
    const exchange = { request, response, path, method };
    void Promise.resolve(registry.before(exchange)).then((taken) => {
      if (!taken) registry.serve(exchange);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  (registry as { host: string }).host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return registry;
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { "Content-Type": "application/json" });
  response.end('{"errors":[{"code":"NAME_UNKNOWN","message":"not here"}]}');
}

function sendManifest(
  response: ServerResponse,
  method: string,
  found: { type: string; bytes: Buffer } | undefined,
): void {
  if (!found) {
    notFound(response);
    return;
  }
  response.writeHead(200, {
    "Content-Type": found.type,
    "Content-Length": found.bytes.byteLength,
    "Docker-Content-Digest": sha256(found.bytes),
  });
  response.end(method === "HEAD" ? undefined : found.bytes);
}

function sendBlob(
  response: ServerResponse,
  method: string,
  digest: string,
  bytes: Buffer | undefined,
  range: string | undefined,
): void {
  if (!bytes) {
    notFound(response);
    return;
  }
  const match = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
  const start = match ? Number(match[1]) : 0;
  const end = match ? Math.min(Number(match[2]) + 1, bytes.byteLength) : bytes.byteLength;
  response.writeHead(match ? 206 : 200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": end - start,
    "Docker-Content-Digest": digest,
    ...(match ? { "Content-Range": `bytes ${start}-${end - 1}/${bytes.byteLength}` } : {}),
  });
  response.end(method === "HEAD" ? undefined : bytes.subarray(start, end));
}
