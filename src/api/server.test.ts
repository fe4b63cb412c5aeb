import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineError } from "../base/errors.ts";
import { createLogger } from "../base/log.ts";
import { boolQuery, type Route } from "./route.ts";
import { createApiServer } from "./server.ts";

const lines: string[] = [];
const logger = createLogger((line) => void lines.push(line));
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(routes: Route[]): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "hbx-api-"));
  const path = join(dir, "s");
  const server = createApiServer(routes, logger);
  await server.listen(path);
  cleanups.push(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true });
  });
  return path;
}

const call = (unix: string, path: string, init: RequestInit = {}) =>
  fetch(`http://d${path}`, { ...init, unix } as RequestInit);

/** Sends raw text, returns all that came until the peer closed or `until` was seen. */
function raw(path: string, text: string, until?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let seen = "";
    socket.on("data", (chunk) => {
      seen += chunk.toString("utf8");
      if (until && seen.includes(until)) {
        socket.destroy();
        resolve(seen);
      }
    });
    socket.on("end", () => resolve(seen));
    socket.on("error", reject);
    socket.write(text);
  });
}

const echo: Route = {
  method: "POST",
  path: "/things/{name:*}/echo",
  async handle(request) {
    request.sendJson(201, {
      name: request.params.name,
      body: await request.json(),
      on: boolQuery(request.query, "on"),
    });
  },
};

describe("createApiServer() with an upgrade", () => {
  const head = (length: number) =>
    `POST /things/a/echo HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${length}\r\n\r\n`;

  test("reads a body that comes with its head, later, in pieces, or not at all", async () => {
    const path = await serve([echo]);
    const body = '{"x":"äö"}';
    const length = Buffer.byteLength(body);
    expect(await raw(path, head(length) + body)).toContain('"body":{"x":"äö"}');
    expect(await raw(path, head(0))).not.toContain('"body"');
    for (const cut of [0, 1, length - 3]) {
      const bytes = Buffer.from(body);
      const answer = await new Promise<string>((resolve) => {
        const socket = connect(path, () => {
          socket.write(Buffer.concat([Buffer.from(head(length)), bytes.subarray(0, cut)]), () => {
            setImmediate(() => socket.write(bytes.subarray(cut)));
          });
        });
        let seen = "";
        socket.on("data", (chunk) => (seen += chunk.toString()));
        socket.on("end", () => resolve(seen));
      });
      expect(answer).toContain('"body":{"x":"äö"}');
    }
  });

  test("refuses a body that is too long before it has come", async () => {
    const path = await serve([echo]);
    expect(await raw(path, head(17 * 1024 * 1024))).toContain(" 413 ");
  });
});

describe("createApiServer()", () => {
  test("passes parameters, query and body", async () => {
    const path = await serve([echo]);
    const answer = await call(path, "/v1.40/things/a/b%20c/echo?on=1", {
      method: "POST",
      body: '{"x":1}',
      headers: { "Content-Type": "application/json" },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("api-version")).toBe("1.51");
    expect(await answer.json()).toEqual({ name: "a/b c", body: { x: 1 }, on: true });
  });

  test("answers Docker's texts for unknown pages and versions", async () => {
    const path = await serve([echo]);
    expect(await (await call(path, "/nothing")).json()).toMatchObject({ message: "page not found" });
    expect((await call(path, "/v1.99/_ping")).status).toBe(400);
    expect((await call(path, "/v1.12/_ping")).status).toBe(400);
  });

  test("answers 400 to a body that is not JSON", async () => {
    const path = await serve([echo]);
    const answer = await call(path, "/things/a/echo", {
      method: "POST",
      body: "{",
      headers: { "Content-Type": "application/json" },
    });
    expect(answer.status).toBe(400);
  });

  test("hides what it does not recognise and logs it under the id it answers", async () => {
    const path = await serve([
      {
        method: "GET",
        path: "/boom",
        handle: () => {
          throw new TypeError("secret path");
        },
      },
    ]);
    const text = await (await call(path, "/boom")).text();
    expect(text).not.toContain("secret path");
    expect(lines.at(-1)).toContain("secret path");
  });

  test("maps an error's kind to its status", async () => {
    const path = await serve([
      {
        method: "GET",
        path: "/gone",
        handle: () => {
          throw new EngineError({ code: "x.y", kind: "conflict", message: "Cannot x", hint: "do y" });
        },
      },
    ]);
    const answer = await call(path, "/gone");
    expect(answer.status).toBe(409);
    expect(await answer.json()).toEqual({ message: "Cannot x", code: "x.y", hint: "do y" });
  });

  test("hijacks an upgraded request that has a body, both ways", async () => {
    const path = await serve([
      {
        method: "POST",
        path: "/exec/{id}/start",
        async handle(request) {
          const body = await request.json();
          const stream = await request.hijack("application/vnd.docker.raw-stream");
          stream.write(`got ${JSON.stringify(body)};`);
          stream.on("data", (chunk) => stream.end(`echo ${chunk}`));
        },
      },
    ]);
    const body = '{"Tty":true}';
    const seen = await raw(
      path,
      `POST /exec/1/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}hello`,
      "echo hello",
    );
    expect(seen).toStartWith("HTTP/1.1 101 UPGRADED");
    expect(seen).toContain('got {"Tty":true};');
  });

  test("answers an error to an upgraded request as plain HTTP", async () => {
    const path = await serve([]);
    const seen = await raw(
      path,
      "POST /no HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n",
    );
    expect(seen).toStartWith("HTTP/1.1 404");
    expect(seen).toContain("page not found");
  });

  test("aborts the signal when a streaming client vanishes", async () => {
    const gone = Promise.withResolvers<void>();
    const path = await serve([
      {
        method: "GET",
        path: "/stream",
        async handle(request) {
          const sink = request.stream(200, "application/json");
          request.signal.addEventListener("abort", () => gone.resolve());
          await sink.write("{}\n");
          await gone.promise;
        },
      },
    ]);
    await raw(path, "GET /stream HTTP/1.1\r\nHost: d\r\n\r\n", "{}");
    await gone.promise;
  });
});
