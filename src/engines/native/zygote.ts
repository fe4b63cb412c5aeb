/** Starts `hbx-core zygote`, starts it again when it dies, and opens connections to it. */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { EngineError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { type CoreConnection, openConnection } from "./connection.ts";

export type Zygote = AsyncDisposable & {
  connect(): Promise<CoreConnection>;
  /** Process id of the running zygote. */
  readonly pid: number | undefined;
};

type Options = { corePath: string; socketPath: string; logger: Logger };

const startTimeoutMs = 5000;

export function createZygote({ corePath, socketPath, logger }: Options): Zygote {
  let child: ChildProcess | null = null;
  let starting: Promise<void> | null = null;
  let stopped = false;

  const launch = async (): Promise<void> => {
    rmSync(socketPath, { force: true });
    // fd 3 is the life line: the zygote ends when its other side, ours, is closed by our death.
    const process = spawn(corePath, ["zygote", "--socket", socketPath, "--life-fd", "3"], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      env: {},
      cwd: "/",
    });
    child = process;
    let complaint = "";
    process.stderr?.on("data", (chunk) => {
      complaint = (complaint + String(chunk)).slice(-2000);
    });
    const died = new Promise<never>((_, reject) => {
      process.once("error", (cause) => reject(cannotStart(corePath, cause.message)));
      process.once("exit", (code, signal) => {
        if (child === process) child = null;
        if (!stopped) logger.log("warn", "zygote.exit", { code, signal, complaint });
        reject(cannotStart(corePath, complaint || `it ended with ${signal ?? code}`));
      });
    });
    died.catch(() => undefined);
    await Promise.race([waitForSocket(socketPath), died]);
  };

  const ensure = (): Promise<void> => {
    if (child !== null && starting === null) return Promise.resolve();
    // Bun runs pending callbacks within `spawn`: what is under way has to be known before, or a second one starts.
    starting ??= Promise.resolve()
      .then(launch)
      .finally(() => {
        starting = null;
      });
    return starting;
  };

  return {
    get pid() {
      return child?.pid;
    },
    async connect() {
      for (let attempt = 0; ; attempt += 1) {
        if (stopped) throw cannotStart(corePath, "the daemon is stopping");
        await ensure();
        try {
          return await openConnection(socketPath);
        } catch (cause) {
          // It died just now, and its exit was not seen yet: start another one, a few times at most.
          if (attempt >= 3) throw cannotStart(corePath, cause instanceof Error ? cause.message : String(cause));
          child = null;
        }
      }
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      const process = child;
      child = null;
      if (process === null || process.exitCode !== null) return;
      const gone = new Promise((resolve) => process.once("exit", resolve));
      process.kill("SIGTERM");
      await gone;
      rmSync(socketPath, { force: true });
    },
  };
}

async function waitForSocket(path: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    try {
      const connection = await openConnection(path);
      connection[Symbol.dispose]();
      return;
    } catch (cause) {
      if (Date.now() > deadline) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

function cannotStart(corePath: string, state: string): EngineError {
  return new EngineError({
    code: "native.unavailable",
    kind: "unavailable",
    message: `Cannot start the native core ${corePath}: ${state}`,
    hint: "run `npm run setup`, then try again",
  });
}
