/**
 * Starts a daemon in the background and waits for its socket. Any number of clients may do so at once: the daemon takes an
 * exclusive lock, those that lose exit, and every client waits for the one socket.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { lostRaceExitCode } from "../daemon/schema.ts";
import { DaemonUnreachable } from "./errors.ts";
import type { Environment } from "./paths.ts";
import { SocketStream } from "./socket-stream.ts";

const waitMs = 20_000;
const pollMs = 5;

export async function startDaemon(socketPath: string, env: Environment): Promise<void> {
  const home = dirname(socketPath);
  const logPath = join(home, "daemon.log");
  mkdirSync(home, { recursive: true, mode: 0o711 });
  const offset = existsSync(logPath) ? statSync(logPath).size : 0;
  const log = openSync(logPath, "a", 0o600);
  const child = Bun.spawn(daemonCommand(env), {
    stdio: ["ignore", log, log],
    env: daemonEnvironment(env, home),
    cwd: "/",
    detached: true,
  });
  child.unref();
  closeSync(log);
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline) {
    if (await answers(socketPath)) return;
    // One that lost the race leaves it to the winner, whose socket will be there.
    if (child.exitCode !== null && child.exitCode !== 0 && child.exitCode !== lostRaceExitCode)
      throw died(logPath, offset, child.exitCode);
    if (child.signalCode !== null) throw died(logPath, offset, child.signalCode);
    await Bun.sleep(pollMs);
  }
  throw new DaemonUnreachable(
    `Cannot start the daemon: no answer at ${socketPath} after ${waitMs / 1000} s`,
    tail(logPath, offset),
  );
}

/**
 * Compiles after a fifth of the usual number of calls, and without the last tier: a daemon that is asked now and then would
 * otherwise interpret nearly everything. A container's life takes it a third less time, for 10 MB more memory, measured.
 */
const compileEarly: Environment = { BUN_JSC_jitPolicyScale: "0.2", BUN_JSC_useFTLJIT: "0" };

/** Ours without the switch by which `bin/hbx` makes short commands shorter: the daemon lives long enough for compiled code. */
function daemonEnvironment(env: Environment, home: string): Environment {
  const { BUN_JSC_useJIT: _short, ...kept } = env;
  return { ...compileEarly, ...kept, HYPERBOX_HOME: home };
}

/** The built daemon when there is one, the sources otherwise; a single executable starts itself. */
export function daemonCommand(env: Environment): string[] {
  const own = import.meta.path;
  if (own.startsWith("/$bunfs/")) return [process.execPath, "daemon-process"];
  const override = env["HYPERBOX_DAEMON"];
  if (override) return [process.execPath, override];
  const root = own.replace(/\/(?:src\/sdk|dist\/cli)\/.*$/, "");
  const built = join(root, "dist/daemon/main.js");
  return [process.execPath, existsSync(built) ? built : join(root, "src/daemon/main.ts")];
}

async function answers(socketPath: string): Promise<boolean> {
  try {
    (await SocketStream.open(socketPath)).close();
    return true;
  } catch {
    return false;
  }
}

function died(logPath: string, offset: number, how: number | string): DaemonUnreachable {
  const said = tail(logPath, offset);
  return new DaemonUnreachable(
    `Cannot start the daemon: it ended with ${typeof how === "number" ? `exit code ${how}` : how}${said && `\n${said}`}`,
    `the whole log is ${logPath}; \`hbx doctor\` looks at the host`,
  );
}

function tail(logPath: string, offset: number): string {
  return readFileSync(logPath).subarray(offset).toString().trimEnd().split("\n").slice(-10).join("\n");
}
