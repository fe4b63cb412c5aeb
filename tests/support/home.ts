/** A real daemon in a temporary home; closing it proves that nothing was left behind. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Api, createApi } from "./api.ts";
import { kernelSnapshot, settledSnapshot } from "./kernel.ts";

export const projectRoot = join(import.meta.dirname, "../..");
const bun = join(projectRoot, "node_modules/bun/bin/bun.exe");

export type TestHome = AsyncDisposable & {
  home: string;
  socket: string;
  api: Api;
  env: Record<string, string>;
  /** Starts the daemon again after a kill. */
  start(): Promise<void>;
  /** Ends the daemon with `signal` and waits for its end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Waits for the daemon's own end. */
  exited(): Promise<void>;
  readonly daemonPid: number;
  log(): string;
};

export type HomeOptions = {
  /** False: without the base image. */
  image?: boolean;
  /** Settings of the daemon. */
  config?: Record<string, unknown>;
  /** The home is a small file system of its own, made with these options of tmpfs (`size=24m`). */
  tmpfs?: string;
  /** The home is an ext4 file system of so many MiB. */
  ext4MiB?: number;
};

export async function openTestHome(options: HomeOptions = {}): Promise<TestHome> {
  const home = mkdtempSync(join(tmpdir(), "hbx-test-"));
  if (options.tmpfs !== undefined) execFileSync("mount", ["-t", "tmpfs", "-o", options.tmpfs, "hbx-test", home]);
  if (options.ext4MiB !== undefined) mountExt4(home, options.ext4MiB);
  const own = options.tmpfs !== undefined || options.ext4MiB !== undefined;
  const run = join(home, "run");
  mkdirSync(run);
  // As on a real host, short-lived sockets lie elsewhere.
  if (own) execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "hbx-test", run]);
  const forced = process.env["HBX_TEST_STORAGE_DRIVER"];
  const config = { ...(forced ? { storageDriver: forced } : {}), ...options.config };
  if (Object.keys(config).length > 0) writeFileSync(join(home, "config.json"), JSON.stringify(config));
  const env: Record<string, string> = {
    ...(process.env as Record<string, string>),
    HYPERBOX_HOME: home,
    HYPERBOX_RUN: run,
  };
  const socket = join(home, "hyperbox.sock");
  const api = createApi(socket);
  let child: ChildProcess | null = null;
  let output = "";

  const before = kernelSnapshot(home);
  const start = async (): Promise<void> => {
    const process = spawn(bun, [join(projectRoot, "src/daemon/main.ts")], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      cwd: "/",
    });
    child = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream.on("data", (chunk) => {
        output += String(chunk);
      });
    }
    const deadline = Date.now() + 20_000;
    for (;;) {
      const answer = await api.call("GET", "/_ping").catch(() => null);
      if (answer?.status === 200) return;
      if (process.exitCode !== null || Date.now() > deadline) throw new Error(`the daemon does not start:\n${output}`);
      await Bun.sleep(5);
    }
  };
  const kill = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    const process = child;
    child = null;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((resolve) => process.once("exit", resolve));
    process.kill(signal);
    await gone;
  };
  const exited = async (): Promise<void> => {
    const process = child;
    child = null;
    if (process && process.exitCode === null && process.signalCode === null)
      await new Promise((resolve) => process.once("exit", resolve));
  };
  const remove = (): void => {
    if (own) execFileSync("umount", ["--recursive", "--lazy", home]);
    rmSync(home, { recursive: true, force: true });
  };
  const close = async (): Promise<void> => {
    if (child) await api.call("POST", "/hbx/v1/daemon/stop?containers=1").catch(() => null);
    await exited();
    const after = await settledSnapshot(home, before);
    remove();
    if (!Bun.deepEquals(after, before))
      throw new Error(`left behind: ${difference(before, after)}\n${output.slice(-4000)}`);
  };

  try {
    await start();
    if (options.image !== false) await api.ok("POST", "/hbx/v1/images/base");
  } catch (error) {
    await close().catch(() => undefined); // the first failure is the one to tell
    throw error;
  }
  return {
    home,
    socket,
    api,
    env,
    start,
    kill,
    exited,
    get daemonPid() {
      return child?.pid ?? 0;
    },
    log: () => output,
    [Symbol.asyncDispose]: close,
  };
}

/** In a file that has no name any more: it goes with the mount. */
function mountExt4(target: string, sizeMiB: number): void {
  const file = `${target}.ext4`;
  execFileSync("truncate", ["-s", `${sizeMiB}M`, file]);
  execFileSync("mkfs.ext4", ["-q", "-O", "^has_journal", file]);
  execFileSync("mount", ["-o", "loop", file, target]);
  rmSync(file);
}

function difference(before: Record<string, string[]>, after: Record<string, string[]>): string {
  const parts = Object.keys(after).map((kind) => {
    const more = (after[kind] ?? []).filter((one) => !before[kind]?.includes(one));
    const fewer = (before[kind] ?? []).filter((one) => !after[kind]?.includes(one));
    return [...more.map((one) => `+${kind} ${one}`), ...fewer.map((one) => `-${kind} ${one}`)];
  });
  return parts.flat().join(", ");
}
