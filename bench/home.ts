/** A daemon in a temporary home with the base image in it, ended and swept at the end. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "../src/sdk/client.ts";
import { connectOrStart } from "../src/sdk/connect-or-start.ts";
import { command } from "./measure.ts";

export const hbxPath = join(import.meta.dirname, "../bin/hbx");

export type BenchHome = AsyncDisposable & {
  home: string;
  socket: string;
  env: Record<string, string | undefined>;
  image: string;
  daemonPid: number;
  /** Keeps its connections, so that a call costs no connect. */
  client: Client;
  hbx(...args: string[]): string;
};

const stopTimeoutMs = 60_000;

export async function openBenchHome(image = true, config: Record<string, unknown> = {}): Promise<BenchHome> {
  const home = mkdtempSync(join(tmpdir(), "hbx-bench-"));
  const env = { ...process.env, HYPERBOX_HOME: home, HYPERBOX_RUN: join(home, "run"), HYPERBOX_HOST: undefined };
  writeFileSync(join(home, "config.json"), JSON.stringify(config));
  const socket = join(home, "hyperbox.sock");
  const client = createClient(socket, () => connectOrStart({ socketPath: socket, explicit: false }, env));
  try {
    await client.text("GET", "/_ping");
    const daemonPid = Number(readFileSync(join(home, "run/hyperboxd.pid"), "utf8"));
    const bench: BenchHome = {
      ...{ home, socket, env, client, daemonPid },
      image: "hyperbox/base",
      hbx: (...args) => command([hbxPath, ...args], env),
      async [Symbol.asyncDispose]() {
        await client.text("POST", "/hbx/v1/daemon/stop", { query: { containers: 1 } }).catch(() => undefined);
        client.close();
        await gone(daemonPid);
        rmSync(home, { recursive: true, force: true });
      },
    };
    if (image) await client.text("POST", "/hbx/v1/images/base");
    return bench;
  } catch (error) {
    const log = join(home, "daemon.log");
    if (existsSync(log)) console.error(readFileSync(log, "utf8"));
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}

async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + stopTimeoutMs;
  while (existsSync(`/proc/${pid}`)) {
    if (Date.now() > deadline) throw new Error(`the daemon ${pid} did not stop within ${stopTimeoutMs / 1000} s`);
    await Bun.sleep(10);
  }
}
