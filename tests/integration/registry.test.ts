/** `hbx registry serve` of a real daemon: what survives it, TLS, and how it lives with the images of the host. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { baseImage, runContainer } from "../support/containers.ts";
import { openTestHome, projectRoot, type TestHome } from "../support/home.ts";
import { serveRegistry } from "../support/registry.ts";

let home: TestHome;
beforeAll(async () => {
  home = await openTestHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const hbx = (...args: string[]) =>
  Bun.spawn([join(projectRoot, "bin/hbx"), ...args], {
    env: home.env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });

test("a kept server and an upload in the middle survive a kill of the daemon", async () => {
  const registry = await serveRegistry(home);
  const bytes = new Uint8Array(randomBytes(3_000_000));
  const began = await fetch(`${registry.url}/v2/a/blobs/uploads/`, { method: "POST" });
  const place = registry.url + began.headers.get("location");
  const socket = connect(registry.port, "127.0.0.1");
  socket.write(
    `PATCH ${new URL(place).pathname} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes.length}\r\n\r\n`,
  );
  socket.write(bytes.subarray(0, 2_000_000));
  const received = async () => Number((await fetch(place)).headers.get("range")?.slice(2)) + 1;
  while ((await received()) < 1_000_000);
  await home.kill("SIGKILL");
  socket.destroy();
  await home.start();
  const at = await received();
  expect(at).toBeGreaterThanOrEqual(1_000_000);
  const digest = sha256(bytes);
  const done = await fetch(`${place}?digest=${digest}`, {
    method: "PUT",
    body: bytes.subarray(at),
    headers: { "Content-Range": `${at}-${bytes.length - 1}` },
  });
  expect(done.status).toBe(201);
  await home.kill("SIGKILL");
  await home.start(); // and the blob is not swept as nobody's
  const got = await fetch(`${registry.url}/v2/a/blobs/${digest}`);
  expect(sha256(await got.bytes())).toBe(digest);
  expect(readdirSync(join(home.home, "registry/uploads"))).toEqual([]);
  await home.api.ok("DELETE", `/hbx/v1/registry/servers/${registry.host}`);
  expect((await home.api.ok("GET", "/hbx/v1/registry/servers")).json).toEqual([]);
});

test("a server in the foreground ends with its command, however that ends", async () => {
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    const serving = hbx("registry", "serve", "--listen", "127.0.0.1:0");
    const said = (await serving.stderr.getReader().read()).value ?? new Uint8Array();
    const url = /serving (\S+)/.exec(new TextDecoder().decode(said))?.[1] ?? "";
    expect((await fetch(`${url}/v2/`)).status).toBe(200);
    const line = (await serving.stdout.getReader().read()).value ?? new Uint8Array();
    expect(new TextDecoder().decode(line)).toMatch(/^200 GET \/v2\/ \d+ms\n/);
    serving.kill(signal);
    await serving.exited;
    while (((await home.api.ok("GET", "/hbx/v1/registry/servers")).json as unknown[]).length > 0);
    await expect(fetch(`${url}/v2/`)).rejects.toThrow();
  }
});

test("hbx registry: an address in use, a list, a stop, an unknown server", async () => {
  const registry = await serveRegistry(home);
  const again = hbx("registry", "serve", "-d", "--listen", registry.host);
  expect(await new Response(again.stderr).text()).toContain(
    `Cannot serve a registry on ${registry.host}: the address is in use`,
  );
  const listed = await new Response(hbx("registry", "ls", "--format", "{{.Address}} {{.State}}").stdout).text();
  expect(listed).toBe(`${registry.host} listening\n`);
  expect(await new Response(hbx("registry", "stop", String(registry.port)).stdout).text()).toBe(`${registry.port}\n`);
  const gone = hbx("registry", "stop", String(registry.port));
  expect(await new Response(gone.stderr).text()).toContain("none was started there");
  expect(await gone.exited).toBe(1);
});

test("TLS with a certificate of one's own", async () => {
  const dir = mkdtempSync("/tmp/hbx-tls-");
  const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
  const made = Bun.spawnSync([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
  ]);
  expect(made.exitCode).toBe(0);
  const registry = await serveRegistry(home, { TlsCert: cert, TlsKey: key });
  const ca = await Bun.file(cert).text();
  const get = (path: string) => fetch(`${registry.url}${path}`, { tls: { ca } });
  expect(registry.url).toStartWith("https://");
  expect((await get("/v2/")).status).toBe(200);
  const bytes = new Uint8Array(randomBytes(2_000_000));
  const put = await fetch(`${registry.url}/v2/tls/blobs/uploads/?digest=${sha256(bytes)}`, {
    method: "POST",
    body: bytes,
    tls: { ca },
  });
  expect(put.status).toBe(201);
  expect(sha256(await (await get(`/v2/tls/blobs/${sha256(bytes)}`)).bytes())).toBe(sha256(bytes));
  await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow();
  await home.api.ok("DELETE", `/hbx/v1/registry/servers/${registry.host}`);
  writeFileSync(cert, "no certificate");
  const bad = await home.api.call("POST", "/hbx/v1/registry/servers", {
    Listen: "127.0.0.1:0",
    TlsCert: cert,
    TlsKey: key,
  });
  expect(bad.status).toBe(400);
  rmSync(dir, { recursive: true });
});

test("images of the host are served, can be mounted from, and what was pushed stays when they go", async () => {
  const registry = await serveRegistry(home);
  const call = (method: string, path: string, init: RequestInit = {}) =>
    fetch(`${registry.url}/v2/${path}`, { ...init, method });
  expect(await (await call("GET", "_catalog")).json()).toEqual({ repositories: [baseImage] });
  for (const name of [baseImage, `docker.io/${baseImage}`])
    expect(await (await call("GET", `${name}/tags/list`)).json()).toEqual({ name, tags: ["latest"] });
  const pulled = await call("GET", `${baseImage}/manifests/latest`);
  const type = pulled.headers.get("content-type") ?? "";
  const text = await pulled.text();
  const { config, layers } = JSON.parse(text) as { config: { digest: string }; layers: { digest: string }[] };
  for (const { digest } of [config, ...layers]) {
    expect(sha256(await (await call("GET", `${baseImage}/blobs/${digest}`)).bytes())).toBe(digest);
    expect((await call("POST", `mine/blobs/uploads/?mount=${digest}&from=${baseImage}`)).status).toBe(201);
  }
  expect((await call("DELETE", `${baseImage}/manifests/latest`)).status).toBe(405);
  expect((await call("PUT", "mine/manifests/v1", { body: text, headers: { "Content-Type": type } })).status).toBe(201);

  await home.api.ok("POST", `/images/${baseImage}/tag?repo=${registry.host}/tagged&tag=v2`);
  expect(await (await call("GET", "tagged/tags/list")).json()).toEqual({ name: "tagged", tags: ["v2"] });

  await home.api.ok("DELETE", `/images/${baseImage}?force=1`);
  await home.api.ok("DELETE", `/images/${registry.host}/tagged:v2?force=1`);
  expect((await call("GET", `${baseImage}/manifests/latest`)).status).toBe(404);
  expect(await (await call("GET", "mine/manifests/v1")).text()).toBe(text);
  for (const { digest } of [config, ...layers])
    expect(sha256(await (await call("GET", `mine/blobs/${digest}`)).bytes())).toBe(digest);
  await home.api.ok("POST", "/hbx/v1/images/base");
  expect((await runContainer(home.api, ["echo", "hi"])).stdout).toBe("hi\n");
  await home.api.ok("DELETE", `/hbx/v1/registry/servers/${registry.host}`);
});
