/** The ways by which the real docker CLI reaches us besides `-H unix://`: TLS, SSH, a context. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificates, createCertificates } from "../support/certificates.ts";
import { openTestHome, projectRoot, type TestHome } from "../support/home.ts";

const present = spawnSync("docker", ["--version"]).status === 0;
if (!present) console.log("compat: no docker binary on this machine, its transports are skipped");

let home: TestHome;
let made: Certificates;
let dir: string;
let port: number;

beforeAll(async () => {
  if (!present) return;
  dir = mkdtempSync(join(tmpdir(), "hbx-transports-"));
  made = createCertificates();
  for (const name of ["ours", "foreign"]) made.authority(name);
  made.certificate("server", "ours");
  made.certificate("client", "ours");
  made.certificate("stranger", "foreign");
  port = await freePort();
  const files = { clientCa: "ours.pem", cert: "server.pem", key: "server.key" };
  const inDir = Object.entries(files).map(([key, name]) => [key, join(made.dir, name)]);
  const tcp = { address: `127.0.0.1:${port}`, ...(Object.fromEntries(inDir) as Record<string, string>) };
  home = await openTestHome({ config: { tcp } });
});
afterAll(async () => {
  if (!present) return;
  await home[Symbol.asyncDispose]();
  made[Symbol.dispose]();
  rmSync(dir, { recursive: true });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

type Options = { input?: string; env?: Record<string, string> };

async function program(command: string[], { input = "", env = {} }: Options = {}) {
  const child = Bun.spawn(command, {
    env: { ...home.env, DOCKER_CONFIG: dir, ...env },
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

const image = "hyperbox/base";
const hbx = join(projectRoot, "bin/hbx");

describe.skipIf(!present)("docker over TLS", () => {
  const over = (who: string, ...args: string[]): string[] => {
    const files = ["--tlscacert", join(made.dir, "ours.pem"), "--tlscert", join(made.dir, `${who}.pem`)];
    const key = ["--tlskey", join(made.dir, `${who}.key`)];
    return ["docker", "-H", `tcp://127.0.0.1:${port}`, "--tlsverify", ...files, ...key, ...args];
  };
  test("runs, with input that ends", async () => {
    const done = await program(over("client", "run", "--rm", "-i", image, "cat"), { input: "through\n" });
    expect(done).toMatchObject({ code: 0, stdout: "through\n" });
  });
  test("carries megabytes both ways", async () => {
    const input = "0123456789abcde\n".repeat(200_000);
    const done = await program(over("client", "run", "--rm", "-i", image, "cat"), { input });
    expect(done.stdout.length).toBe(input.length);
    expect(done.stdout === input).toBe(true);
  });
  test("knows nobody without a certificate of ours", async () => {
    expect((await program(over("stranger", "ps"))).code).not.toBe(0);
    const bare = ["docker", "-H", `tcp://127.0.0.1:${port}`, "ps"];
    expect((await program(bare)).code).not.toBe(0);
  });
});

describe.skipIf(!present)("docker over SSH", () => {
  /** An ssh without a network: it runs what it is told on this machine, where `docker` is hbx. */
  const withSsh = (): Record<string, string> => {
    const bin = join(dir, "bin");
    mkdirSync(join(bin, "remote"), { recursive: true });
    writeFileSync(
      join(bin, "ssh"),
      `#!/bin/sh\nwhile [ "$1" != docker ]; do shift; done\nPATH="${bin}/remote:$PATH" exec "$@"\n`,
    );
    chmodSync(join(bin, "ssh"), 0o755);
    symlinkSync(hbx, join(bin, "remote/docker"));
    return { PATH: `${bin}:${process.env["PATH"]}` };
  };
  test("runs through system dial-stdio", async () => {
    const env = withSsh();
    const command = ["docker", "-H", "ssh://somebody@far.example", "run", "--rm", "-i", image, "cat"];
    expect(await program(command, { env, input: "far\n" })).toMatchObject({ code: 0, stdout: "far\n" });
  });
});

describe.skipIf(!present)("hbx docker-context", () => {
  test("install makes us the default, uninstall gives back what was", async () => {
    const current = async () => (await program(["docker", "context", "show"])).stdout.trim();
    expect(await current()).toBe("default");
    for (let twice = 0; twice < 2; twice += 1) {
      expect((await program([hbx, "docker-context", "install"])).code).toBe(0);
      expect(await current()).toBe("hyperbox");
    }
    expect((await program(["docker", "run", "--rm", image, "echo", "here"])).stdout).toBe("here\n");
    expect((await program([hbx, "docker-context", "uninstall"])).code).toBe(0);
    expect(await current()).toBe("default");
    expect((await program(["docker", "context", "ls", "--format", "{{.Name}}"])).stdout).toBe("default\n");
  });
});

test("a door that cannot be opened stops the daemon with the reason", async () => {
  const tcp = { address: "127.0.0.1:0", clientCa: "/nowhere.pem", cert: "/nowhere.pem", key: "/nowhere.pem" };
  const refused = await openTestHome({ image: false, config: { tcp } }).catch(String);
  expect(refused).toContain("Cannot listen on 127.0.0.1:0: /nowhere.pem cannot be read");
});
