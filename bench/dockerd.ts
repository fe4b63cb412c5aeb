/**
 * A dockerd for comparison, in a network and mount namespace of its own, so that its bridge, firewall rules and mounts
 * never reach the machine. Needs scripts/comparators.sh to have unpacked it.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const cache = join(import.meta.dirname, "../.hbx-cache/comparators");

export type Dockerd = AsyncDisposable & { host: string; cli: string; version: string };

/** Starts one, or says why there is none. */
export async function startDockerd(): Promise<Dockerd | string> {
  const dockerd = join(cache, "usr/sbin/dockerd");
  if (!existsSync(dockerd)) return "docker: not unpacked (scripts/comparators.sh)";
  if (process.getuid?.() !== 0) return "docker: needs root";
  const dir = mkdtempSync(join(tmpdir(), "hbx-dockerd-"));
  const path = [join(cache, "usr/sbin"), join(cache, "usr/bin"), process.env["PATH"] ?? ""].join(":");
  const socket = join(dir, "docker.sock");
  mkdirSync(join(dir, "run"));
  const log = openSync(join(dir, "log"), "w");
  const script = 'ip link set lo up; mount -t tmpfs tmpfs /run/docker 2>/dev/null; exec "$@"';
  const command = [
    "sh",
    "-c",
    script,
    "dockerd",
    dockerd,
    "--data-root",
    join(dir, "data"),
    "--exec-root",
    join(dir, "run"),
    "--pidfile",
    join(dir, "pid"),
    "-H",
    `unix://${socket}`,
  ];
  const child = spawn("unshare", ["--net", "--mount", "--", ...command], {
    stdio: ["ignore", log, log],
    env: { ...process.env, PATH: path },
  });
  const host = `unix://${socket}`;
  const cli =
    [join(cache, "usr/bin/docker"), "/usr/local/bin/docker", "/usr/bin/docker"].find((file) => existsSync(file)) ??
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

async function stop(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }
  rmSync(dir, { recursive: true, force: true });
}
