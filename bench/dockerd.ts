/**
 * A dockerd for comparison, in a network and mount namespace of its own, so that its bridge, firewall rules and mounts
 * never reach the machine. Needs scripts/comparators.sh to have unpacked it.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const cache = join(import.meta.dirname, "../.hbx-cache/comparators");

/** A whole root file system: its programs need a newer libc than the host's. */
const newer = join(import.meta.dirname, "../.hbx-cache/docker28");

export type Dockerd = AsyncDisposable & { host: string; cli: string; version: string };

/**
 * Starts one, or says why there is none: the newest that scripts/comparators.sh unpacked. `enter` runs a command in the
 * network namespace that it is to have; otherwise it gets one of its own.
 */
export async function startDockerd(enter: readonly string[] = ["unshare", "--net"]): Promise<Dockerd | string> {
  if (process.getuid?.() !== 0) return "docker: needs root";
  const dir = mkdtempSync(join(tmpdir(), "hbx-dockerd-"));
  mkdirSync(join(dir, "run"));
  const socket = join(dir, "docker.sock");
  const started = existsSync(join(newer, "usr/sbin/dockerd")) ? spawnNewer(dir, enter) : spawnOlder(dir, socket, enter);
  if (typeof started === "string") {
    rmSync(dir, { recursive: true });
    return started;
  }
  const child = started;
  const host = `unix://${socket}`;
  // The host's own first: the newest one's file system can't be run from here.
  const cli =
    ["/usr/local/bin/docker", "/usr/bin/docker", join(cache, "usr/bin/docker")].find((file) => existsSync(file)) ??
    "docker";
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const probe = spawnSync(cli, ["-H", host, "version", "--format", "{{.Server.Version}}"], { encoding: "utf8" });
    if (probe.status === 0)
      return { host, cli, version: probe.stdout.trim(), [Symbol.asyncDispose]: () => stop(child, dir) };
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const tail = readFileSync(join(dir, "log"), "utf8").slice(-500);
  await stop(child, dir);
  return `docker: the daemon does not start: ${tail}`;
}

/** Its root is that of its mount namespace, not a mere chroot: an exec in a container would stand in the host's files. */
const inNewer = `
ip link set lo up
mount --bind "$1" "$1"; mount --rbind /sys "$1/sys"; mount --rbind /proc "$1/proc"; mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/run"; mount -t tmpfs tmpfs "$1/tmp"; mount --bind "$2" "$1/srv"
mkdir "$1/tmp/host"; cd "$1"; pivot_root . tmp/host
exec chroot . sh -ec 'umount -l /tmp/host; exec dockerd --data-root /srv/data --exec-root /run/docker --pidfile /run/docker.pid -H unix:///srv/docker.sock'
`;

function spawnNewer(dir: string, enter: readonly string[]): ChildProcess {
  return spawnApart(dir, enter, ["sh", "-ec", inNewer, "dockerd", newer, dir], process.env);
}

const inOlder = 'ip link set lo up; mount -t tmpfs tmpfs /run/docker 2>/dev/null; exec "$@"';

function spawnOlder(dir: string, socket: string, enter: readonly string[]): ChildProcess | string {
  const dockerd = join(cache, "usr/sbin/dockerd");
  if (!existsSync(dockerd)) return "docker: not unpacked (scripts/comparators.sh)";
  const path = [join(cache, "usr/sbin"), join(cache, "usr/bin"), process.env["PATH"] ?? ""].join(":");
  const options = [
    ["--data-root", join(dir, "data")],
    ["--exec-root", join(dir, "run")],
    ["--pidfile", join(dir, "pid")],
    ["-H", `unix://${socket}`],
  ].flat();
  const older = ["sh", "-c", inOlder, "dockerd", dockerd, ...options];
  return spawnApart(dir, enter, older, { ...process.env, PATH: path });
}

/** In namespaces of its own. The process is dockerd itself in the end, so that a signal reaches it. */
function spawnApart(dir: string, enter: readonly string[], command: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const log = openSync(join(dir, "log"), "w");
  const [program = "", ...args] = [...enter, "unshare", "--mount", "--", ...command];
  const child = spawn(program, args, { stdio: ["ignore", log, log], env });
  closeSync(log);
  return child;
}

async function stop(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }
  rmSync(dir, { recursive: true, force: true });
}
