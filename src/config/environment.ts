/** The only reader of the environment: where everything lives. */
import { createHash } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { invalidArgument } from "../base/errors.ts";

export type Places = {
  /** Durable state. */
  home: string;
  /** Short-lived sockets. */
  run: string;
  /** The Engine API. */
  socket: string;
  pidFile: string;
  daemonLog: string;
  /** 8 hex digits of the home's digest: host objects of two daemons never share a name. */
  tag: string;
};

type Environment = Record<string, string | undefined>;

/** `HYPERBOX_HOME` and `HYPERBOX_RUN`, or the defaults of the user who asks. Relative paths are refused. */
export function resolvePlaces(env: Environment = process.env, uid: number = process.getuid?.() ?? 0): Places {
  const home = absolute("HYPERBOX_HOME", env.HYPERBOX_HOME) ?? defaultHome(env, uid);
  const run =
    absolute("HYPERBOX_RUN", env.HYPERBOX_RUN) ?? defaultRun(env, uid, home === defaultHome(env, uid) ? null : home);
  return {
    home,
    run,
    socket: join(home, "hyperbox.sock"),
    pidFile: join(run, "hyperboxd.pid"),
    daemonLog: join(home, "daemon.log"),
    tag: homeTag(home),
  };
}

export function homeTag(home: string): string {
  return createHash("sha256").update(home).digest("hex").slice(0, 8);
}

function defaultHome(env: Environment, uid: number): string {
  if (uid === 0) return "/var/lib/hyperbox";
  return join(env.XDG_DATA_HOME || join(env.HOME || homedir(), ".local/share"), "hyperbox");
}
/** `ownHome` is null for the default home. */
function defaultRun(env: Environment, uid: number, ownHome: string | null): string {
  const userBase = env["XDG_RUNTIME_DIR"] || join(tmpdir(), `hyperbox-${uid}`);
  const base = uid === 0 ? "/run/hyperbox" : join(userBase, "hyperbox");
  // A home of its own gets a run directory of its own, so that two daemons never meet.
  return ownHome === null ? base : `${base}-${homeTag(ownHome)}`;
}

function absolute(name: string, value: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (!isAbsolute(value)) {
    throw invalidArgument(
      "config.relative_path",
      `Cannot use ${name}: ${JSON.stringify(value)} is not an absolute path`,
    );
  }
  return value.replace(/\/+$/, "") || "/";
}
