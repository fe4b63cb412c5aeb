/** A user made for a test, with or without subordinate ids, and a daemon that runs as this user. Closing removes both. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Api, createApi } from "./api.ts";
import { projectRoot } from "./home.ts";

export type Ids = "many" | "one";
export type RootlessHome = AsyncDisposable & {
  uid: number;
  /** Belongs to the user. */
  dir: string;
  api: Api;
  start(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  readonly daemonPid: number;
};

const ranges = { first: 1_000_000_000, count: 65_536 };
const core = "native/target/x86_64-unknown-linux-gnu/release/hbx-core";
const bun = "node_modules/bun/bin/bun.exe";

/** Why these tests cannot run here; null where they can. */
export function whyNoRootless(): string | null {
  if (process.getuid?.() !== 0) return "users can only be made by root";
  const missing = ["useradd", "userdel", "usermod", "setpriv", "unshare", "nsenter", "newuidmap"].filter(
    (program) => Bun.which(program) === null,
  );
  if (missing.length > 0) return `${missing.join(", ")} not installed`;
  return readFileSync("/proc/sys/user/max_user_namespaces", "utf8").trim() === "0"
    ? "user namespaces are switched off"
    : null;
}

/** `inside` gives what comes before the daemon's command, run as root. */
export async function openRootlessHome(
  ids: Ids,
  inside: (uid: number) => readonly string[] = () => [],
): Promise<RootlessHome> {
  const name = `hbxtest${process.pid}${ids}`;
  const dir = mkdtempSync(join(tmpdir(), "hbx-rootless-"));
  // A system user is given no subordinate ids by itself.
  administer("useradd", "--system", "--no-create-home", "--home-dir", dir, "--shell", "/bin/sh", name);
  const removeUser = () => spawnSync("userdel", [name]);
  try {
    if (ids === "many") {
      const range = `${ranges.first}-${ranges.first + ranges.count - 1}`;
      administer("usermod", "--add-subuids", range, "--add-subgids", range, name);
    }
    const uid = Number(administer("id", "-u", name));
    chownSync(dir, uid, Number(administer("id", "-g", name)));
    return await openDaemon({ name, uid, dir, prefix: inside(uid), removeUser });
  } catch (error) {
    removeUser();
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

type User = { name: string; uid: number; dir: string; prefix: readonly string[]; removeUser(): unknown };

async function openDaemon({ name, uid, dir, prefix, removeUser }: User): Promise<RootlessHome> {
  const as = ["--reuid", name, "--regid", name, "--init-groups", "--"];
  const project = readableProject(as, dir);
  const home = join(dir, "home");
  const api = createApi(join(home, "hyperbox.sock"));
  let child: ChildProcess | null = null;
  let output = "";

  const start = async (): Promise<void> => {
    const command = [...prefix, "setpriv", ...as, join(project, bun), join(project, "src/daemon/main.ts")];
    const daemon = spawn(command[0] ?? "", command.slice(1), {
      env: {
        PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: dir,
        HYPERBOX_HOME: home,
        HYPERBOX_RUN: join(dir, "run"),
        HYPERBOX_CORE: process.env["HYPERBOX_CORE"] ?? join(project, core),
      },
      stdio: ["ignore", "pipe", "pipe"],
      cwd: "/",
    });
    child = daemon;
    for (const stream of [daemon.stdout, daemon.stderr]) stream.on("data", (chunk) => void (output += String(chunk)));
    const deadline = Date.now() + 20_000;
    while ((await api.call("GET", "/_ping").catch(() => null))?.status !== 200) {
      if (daemon.exitCode !== null || Date.now() > deadline) throw new Error(`the daemon does not start:\n${output}`);
      await Bun.sleep(5);
    }
  };
  const end = async (process: ChildProcess | null, action: (process: ChildProcess) => unknown): Promise<void> => {
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((resolve) => process.once("exit", resolve));
    await action(process);
    await gone;
  };

  await start();
  await api.ok("POST", "/hbx/v1/images/base");
  return {
    uid,
    dir,
    api,
    start,
    kill: (signal) => end(child, (process) => process.kill(signal)),
    get daemonPid() {
      return child?.pid ?? 0;
    },
    async [Symbol.asyncDispose]() {
      // Without an answer the daemon has died, and what it left shows below.
      await end(child, (daemon) =>
        api.call("POST", "/hbx/v1/daemon/stop?containers=1").catch(() => daemon.kill("SIGKILL")),
      );
      const left = await settledProcesses(uid, ranges);
      for (const { pid } of left) process.kill(pid, "SIGKILL");
      removeUser();
      rmSync(dir, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`left running: ${left.map(({ pid, name }) => `${pid} ${name}`)}\n${output}`);
    },
  };
}

/** The checkout, or what a daemon needs of it where the user cannot read it. */
function readableProject(as: readonly string[], dir: string): string {
  const runs = spawnSync("setpriv", [...as, join(projectRoot, bun), "--version"]).status === 0;
  if (runs) return projectRoot;
  const copy = join(dir, "project");
  for (const part of ["package.json", "tsconfig.json", "src", "node_modules/@msgpack", bun, core]) {
    mkdirSync(join(copy, part, ".."), { recursive: true });
    if (existsSync(join(projectRoot, part))) cpSync(join(projectRoot, part), join(copy, part), { recursive: true });
  }
  spawnSync("chown", ["-R", "--reference", dir, copy]);
  return copy;
}

function administer(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/** What runs with an id of the user's, once all that was ended is buried; five seconds at the most. */
async function settledProcesses(
  uid: number,
  { first, count }: typeof ranges,
): Promise<{ pid: number; name: string }[]> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const found = readdirSync("/proc").flatMap((entry) => {
      if (!/^\d+$/.test(entry)) return [];
      const status = read(`/proc/${entry}/status`);
      const owner = Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? -1);
      const ours = owner === uid || (owner >= first && owner < first + count);
      return ours ? [{ pid: Number(entry), name: /^Name:\t(.*)$/m.exec(status)?.[1] ?? "" }] : [];
    });
    if (found.length === 0 || Date.now() > deadline) return found;
    await Bun.sleep(20);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
