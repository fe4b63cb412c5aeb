/**
 * The same image from the same local registry (docker-registry, its data read from the page cache by all): ours as gzip and
 * as zstd, docker, podman and skopeo. Nobody has anything of it before. The peak of our daemon's memory beside it.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testTool } from "../tests/support/docker-registry.ts";
import { type Dockerd, startDockerd } from "./dockerd.ts";
import { type BenchHome, openBenchHome } from "./home.ts";
import { type Candidate, command, compare, printTable } from "./measure.ts";
import { pullImage } from "./pull-image.ts";

const runs = Number(process.env["HBX_BENCH_RUNS"] ?? 5);
const port = 15_055;
const host = `127.0.0.1:${port}`;

export async function pull(): Promise<void> {
  const program = testTool("docker-registry");
  const skopeo = testTool("skopeo");
  if (program === null || skopeo === null) return console.log("\npull: left out: run scripts/test-tools.sh");
  const directory = mkdtempSync(join(tmpdir(), "hbx-bench-pull-"));
  const registries: ChildProcess[] = [];
  let dockerd: Dockerd | string = "docker: not started";
  try {
    const config = join(directory, "config.yml");
    const storage = { filesystem: { rootdirectory: join(directory, "data") } };
    writeFileSync(config, JSON.stringify({ version: 0.1, log: { level: "error" }, storage, http: { addr: host } }));
    const serve = [program, "serve", config];
    // One for everybody here, and one of the same data where dockerd lives: in a network namespace of its own.
    registries.push(spawn(program, serve.slice(1), { stdio: "ignore" }));
    const apart = spawn("unshare", ["--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", ...serve], {
      stdio: "ignore",
    });
    registries.push(apart);
    await untilReady();
    const image = pullImage("gzip");
    for (const compression of ["gzip", "zstd"] as const) {
      const { layout } = pullImage(compression);
      command([
        skopeo,
        "--insecure-policy",
        "copy",
        "-q",
        "--dest-tls-verify=false",
        `oci:${layout}:latest`,
        `docker://${host}/${compression}:1`,
      ]);
    }
    dockerd = await startDockerd(["nsenter", "--net", `--target=${apart.pid}`]);
    if (typeof dockerd === "string") console.log(dockerd);
    await using bench = await openBenchHome(false);
    const peaks = new Map<string, number>();
    const storageFlags = [
      "--root",
      join(directory, "podman"),
      "--runroot",
      join(directory, "podman-run"),
      "--storage-driver",
      "overlay",
    ];
    const candidates: Candidate[] = [
      ...(typeof dockerd === "string" ? [] : [dockerCandidate(dockerd)]),
      ...(Bun.which("podman")
        ? [
            {
              name: "podman pull (gzip)",
              before: () => void spawnSync("podman", [...storageFlags, "rmi", "-af"]),
              run: () =>
                void command(["podman", ...storageFlags, "pull", "-q", "--tls-verify=false", `${host}/gzip:1`]),
            },
          ]
        : []),
      {
        name: "skopeo copy to dir (gzip)",
        before: () => rmSync(join(directory, "skopeo"), { recursive: true, force: true }),
        run: () =>
          void command([
            skopeo,
            "--insecure-policy",
            "copy",
            "-q",
            "--src-tls-verify=false",
            `docker://${host}/gzip:1`,
            `dir:${directory}/skopeo`,
          ]),
      },
      ...(["gzip", "zstd"] as const).map((compression) => ours(bench, compression, peaks)),
    ];
    const { layers, entries, bytes } = image;
    const title = `pull and unpack: ${layers} layers, ${entries} entries, ${(bytes / 1e6).toFixed(0)} MB unpacked`;
    printTable(title, await compare(candidates, runs, 0), "docker pull (gzip)");
    for (const [name, peak] of peaks) console.log(`peak memory of the daemon, ${name}: ${(peak / 1024).toFixed(0)} MB`);
    printTable("a pull of what is there", await compare([present(bench)], 20, 2));
  } finally {
    if (typeof dockerd !== "string") await dockerd[Symbol.asyncDispose]();
    for (const child of registries) child.kill("SIGKILL");
    for (const path of ["podman", "skopeo", "data"]) rmSync(join(directory, path), { recursive: true, force: true });
    spawnSync("umount", ["-l", join(directory, "podman/overlay")]);
    rmSync(directory, { recursive: true, force: true });
  }
}

function dockerCandidate({ cli, host: socket, version }: Dockerd): Candidate {
  const docker = [cli, "-H", socket];
  console.log(`docker ${version}`);
  return {
    name: "docker pull (gzip)",
    before: () => void spawnSync(cli, [...docker.slice(1), "rmi", "-f", `${host}/gzip:1`]),
    run: () => void command([...docker, "pull", "-q", `${host}/gzip:1`]),
  };
}

function ours({ client, daemonPid: pid }: BenchHome, compression: string, peaks: Map<string, number>): Candidate {
  const name = `hbx pull (${compression})`;
  return {
    name,
    async before() {
      for (const { Id } of await client.json<{ Id: string }[]>("GET", "/images/json"))
        await client.text("DELETE", `/images/${Id}`, { query: { force: 1 } });
      writeFileSync(`/proc/${pid}/clear_refs`, "5");
    },
    async run() {
      const answer = await client.text("POST", "/images/create", {
        query: { fromImage: `${host}/${compression}`, tag: "1" },
      });
      if (answer.includes('"error"')) throw new Error(answer.slice(-500));
      peaks.set(name, Math.max(peaks.get(name) ?? 0, peakKb(pid)));
    },
  };
}

function present({ client }: BenchHome): Candidate {
  const query = { fromImage: `${host}/zstd`, tag: "1" };
  return { name: "hbx, one HEAD", run: async () => void (await client.text("POST", "/images/create", { query })) };
}

function peakKb(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

async function untilReady(): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if ((await fetch(`http://${host}/v2/`).catch(() => null))?.ok) return;
    await Bun.sleep(20);
  }
  throw new Error("docker-registry does not start");
}
