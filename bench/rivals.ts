/** The other engines, each running `true` in the same busybox root filesystem. Those not installed are named with the reason. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Dockerd, startDockerd } from "./dockerd.ts";
import { type Candidate, command } from "./measure.ts";

export type Rivals = AsyncDisposable & {
  candidates: Candidate[];
  missing: string[];
  rootfs: string;
  docker: Dockerd | null;
};

const applets = ["sh", "true", "echo", "sleep", "cat", "ls", "dd", "yes", "seq"];

export async function openRivals(): Promise<Rivals> {
  const dir = mkdtempSync(join(tmpdir(), "hbx-rivals-"));
  const rootfs = join(dir, "rootfs");
  makeRootfs(rootfs);
  const candidates: Candidate[] = [];
  const missing: string[] = [];
  const has = (tool: string): boolean => spawnSync("which", [tool], { stdio: "ignore" }).status === 0;

  if (has("bwrap")) {
    const argv = ["bwrap", "--unshare-all", "--ro-bind", rootfs, "/", "--proc", "/proc", "--dev", "/dev", "/bin/true"];
    candidates.push({ name: "bwrap --unshare-all", run: () => void command(argv) });
  } else missing.push("bwrap: not installed");
  for (const runtime of ["crun", "runc"]) {
    if (!has(runtime)) {
      missing.push(`${runtime}: not installed`);
      continue;
    }
    const bundle = makeBundle(dir, runtime, rootfs);
    let count = 0;
    const root = join(dir, `${runtime}-state`);
    const run = (): void =>
      void command([runtime, "--root", root, "run", "--bundle", bundle, `hbxbench${process.pid}-${count++}`]);
    addIfWorks(candidates, missing, { name: `${runtime} run`, run });
  }
  if (has("podman")) {
    const store = [
      "--root",
      join(dir, "podman"),
      "--runroot",
      join(dir, "podman-run"),
      "--storage-driver",
      "overlay",
      "--cgroup-manager",
      "cgroupfs",
      "--runtime",
      "runc",
    ];
    const podman = (...args: string[]): string => command(["podman", ...store, ...args]);
    const archive = join(dir, "rootfs.tar");
    command(["tar", "-C", rootfs, "-cf", archive, "."]);
    // Podman's own are above what a host may allow.
    const ulimits = ["nofile", "nproc"].flatMap((name) => ["--ulimit", `${name}=1024:1024`]);
    const candidate = {
      name: "podman run --rm, no network",
      run: () => void podman("run", "--rm", "--network", "none", ...ulimits, "localhost/bb", "true"),
    };
    try {
      podman("import", archive, "localhost/bb");
    } catch {
      // addIfWorks reports what the run itself says.
    }
    addIfWorks(candidates, missing, candidate);
  } else missing.push("podman: not installed");

  const docker = await startDockerd();
  if (typeof docker === "string") missing.push(docker);
  else {
    command(["sh", "-c", `tar -C ${rootfs} -c . | ${docker.cli} -H ${docker.host} import - bb`]);
    const run = (): void => void command([docker.cli, "-H", docker.host, "run", "--rm", "bb", "true"]);
    addIfWorks(candidates, missing, { name: `docker ${docker.version} run --rm`, run });
  }
  return {
    candidates,
    missing,
    rootfs,
    docker: typeof docker === "string" ? null : docker,
    async [Symbol.asyncDispose]() {
      if (typeof docker !== "string") await docker[Symbol.asyncDispose]();
      // Podman keeps its storage mounted.
      spawnSync("umount", [join(dir, "podman/overlay")], { stdio: "ignore" });
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function addIfWorks(candidates: Candidate[], missing: string[], candidate: Candidate): void {
  try {
    candidate.run();
    candidates.push(candidate);
  } catch (error) {
    missing.push(`${candidate.name}: ${reasonOf(error)}`);
  }
}

function makeRootfs(rootfs: string): void {
  mkdirSync(join(rootfs, "bin"), { recursive: true });
  for (const name of ["proc", "sys", "dev", "etc", "tmp"]) mkdirSync(join(rootfs, name));
  cpSync("/bin/busybox", join(rootfs, "bin/busybox"), { dereference: true });
  for (const applet of applets) symlinkSync("busybox", join(rootfs, "bin", applet));
}

function makeBundle(dir: string, runtime: string, rootfs: string): string {
  const bundle = join(dir, `${runtime}-bundle`);
  mkdirSync(bundle);
  command(["sh", "-c", `cd ${bundle} && ${runtime} spec`]);
  const edit = `s.process.terminal=false;s.process.args=["true"];s.root={path:${JSON.stringify(rootfs)},readonly:false}`;
  const path = join(bundle, "config.json");
  const script = `const f=require("fs"),s=JSON.parse(f.readFileSync("${path}"));${edit};f.writeFileSync("${path}",JSON.stringify(s))`;
  command(["node", "-e", script]);
  writeFileSync(join(bundle, ".ready"), "");
  return bundle;
}

/** What the engine itself said last; the command line before it is ours. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.trim().split("\n").at(-1) ?? text).replace(/^.* ended with \S+: /, "").slice(0, 200);
}
