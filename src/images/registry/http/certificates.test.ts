import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testSettings } from "../testing/pull-from.ts";
import { tlsFor } from "./certificates.ts";
import { createSend } from "./send.ts";

let directory = "";
let server: Server;
let host = "";

function openssl(...args: string[]): void {
  const done = Bun.spawnSync(["openssl", ...args], { stderr: "pipe" });
  if (done.exitCode !== 0) throw new Error(done.stderr.toString());
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "hbx-tls-"));
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  openssl(
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
  );
  const options = { key: readFileSync(key), cert: readFileSync(cert) };
  server = createServer(options, (_request, response) => void response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

async function ask(settings: Partial<typeof testSettings>, insecure: boolean): Promise<string> {
  const merged = { ...testSettings, attempts: 1, ...settings };
  const answer = await createSend(merged)({
    method: "GET",
    url: new URL(`https://${host}/`),
    tls: tlsFor(host, merged, insecure),
    signal: new AbortController().signal,
  });
  return new TextDecoder().decode(await answer.bytes(100));
}

test("a certificate that nobody signed is refused, unless the host is set to be insecure", async () => {
  await expect(ask({}, false)).rejects.toThrow(/Cannot reach https:.*(self.signed|certificate)/i);
  expect(await ask({}, true)).toBe("hello");
});

test("authorities come from the directory of a host, and from the file of the settings", async () => {
  const certs = join(directory, "certs.d");
  mkdirSync(join(certs, host), { recursive: true });
  symlinkSync(join(directory, "cert.pem"), join(certs, host, "ca.crt"));
  expect(await ask({ certificateDirectories: [join(directory, "none"), certs] }, false)).toBe("hello");
  expect(await ask({ authorities: join(directory, "cert.pem") }, false)).toBe("hello");
});

test("tlsFor() reads our own certificate with its key, and says which file is missing", () => {
  const certs = join(directory, "own");
  mkdirSync(join(certs, "a"), { recursive: true });
  writeFileSync(join(certs, "a", "me.cert"), "CERT");
  const settings = { ...testSettings, certificateDirectories: [certs] };
  expect(() => tlsFor("a", settings, false)).toThrow(/Cannot use .*me\.key/);
  writeFileSync(join(certs, "a", "me.key"), "KEY");
  expect(tlsFor("a", settings, false)).toEqual({ cert: "CERT", key: "KEY" });
  expect(tlsFor("b", settings, false)).toBeUndefined();
  expect(() => tlsFor("b", { ...settings, authorities: "/none" }, false)).toThrow("Cannot use /none");
});
