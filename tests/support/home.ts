/** A real daemon in a temporary home, and a snapshot of the kernel's objects to prove that nothing was left behind. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Api, createApi } from "./api.ts";

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
  readonly daemonPid: number;
  log(): string;
};

export async function openTestHome(options: { image?: boolean } = {}): Promise<TestHome> {
  const home = mkdtempSync(join(tmpdir(), "hbx-test-"));
  const run = join(home, "run");
  mkdirSync(run);
  const env: Record<string, string> = {
    ...(process.env as Record<string, string>),
    HYPERBOX_HOME: home,
    HYPERBOX_RUN: run,
  };
  const socket = join(home, "hyperbox.sock");
  const api = createApi(socket);
  let child: ChildProcess | null = null;
  let output = "";

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
  const close = async (): Promise<void> => {
    if (child) await api.call("POST", "/hbx/v1/daemon/stop?containers=1").catch(() => null);
    const process = child;
    if (process && process.exitCode === null) await new Promise((resolve) => process.once("exit", resolve));
    rmSync(home, { recursive: true, force: true });
  };

  await start();
  if (options.image !== false) await api.ok("POST", "/hbx/v1/images/base");
  return {
    home,
    socket,
    api,
    env,
    start,
    kill,
    get daemonPid() {
      return child?.pid ?? 0;
    },
    log: () => output,
    [Symbol.asyncDispose]: close,
  };
}

/** What the kernel holds that a container engine could leak. Compare before and after. */
export function kernelSnapshot(): Record<string, string[]> {
  const text = (command: string, ...args: string[]): string[] => {
    const result = spawnSync(command, args, { encoding: "utf8" });
    return (result.stdout ?? "").split("\n").filter(Boolean).sort();
  };
  return {
    mounts: readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .filter(Boolean)
      .sort(),
    links: text("ip", "-o", "link").map((line) => line.split(": ")[1] ?? ""),
    netns: text("ip", "netns"),
    nft: text("nft", "list", "tables"),
    cgroups: cgroupsOfOurs(),
    processes: ourProcesses(),
  };
}

function cgroupsOfOurs(): string[] {
  const found: string[] = [];
  for (const controller of existsSync("/sys/fs/cgroup") ? readdirSync("/sys/fs/cgroup") : []) {
    const dir = join("/sys/fs/cgroup", controller);
    try {
      for (const name of readdirSync(dir)) if (name.startsWith("hyperbox")) found.push(join(dir, name));
    } catch {
      // not a directory
    }
  }
  return found.sort();
}

function ourProcesses(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("hbx-");
      } catch {
        return false;
      }
    });
}
