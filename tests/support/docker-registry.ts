/** Debian's docker-registry (CNCF distribution) on the loopback, with its data in a directory of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const tools = join(import.meta.dirname, "../../.hbx-cache/test-tools/usr/bin");

/** Null: not there. */
export function testTool(name: string): string | null {
  const unpacked = join(tools, name);
  return existsSync(unpacked) ? unpacked : Bun.which(name);
}

export type DockerRegistry = AsyncDisposable & { host: string };

export async function openDockerRegistry(): Promise<DockerRegistry> {
  const program = testTool("docker-registry");
  if (program === null) throw new Error("docker-registry is not there: run scripts/test-tools.sh");
  const directory = mkdtempSync(join(tmpdir(), "hbx-registry-"));
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: join(directory, "data") }, delete: { enabled: true } },
    http: { addr: host },
  };
  writeFileSync(join(directory, "config.yml"), JSON.stringify(config));
  const child = spawn(program, ["serve", join(directory, "config.yml")], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await answers(host, child);
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(host: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const response = await fetch(`http://${host}/v2/`).catch(() => null);
    if (response?.ok) return;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error("docker-registry does not start");
    await Bun.sleep(10);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
