/** The real docker CLI against our socket. Without the binary every case is skipped, counted and said so. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTestHome, type TestHome } from "../support/home.ts";

const present = spawnSync("docker", ["--version"]).status === 0;
if (!present) console.log("compat: no docker binary on this machine, its cases are skipped");

let home: TestHome;
let dir: string;
beforeAll(async () => {
  if (!present) return;
  dir = mkdtempSync(join(tmpdir(), "hbx-cli-"));
  home = await openTestHome();
});
afterAll(async () => {
  if (!present) return;
  await home[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

type Result = { code: number; stdout: string; stderr: string };
/** Awaited, so that nothing in this process blocks while the CLI runs. */
async function docker(...args: string[]): Promise<Result> {
  const child = Bun.spawn(["docker", "-H", `unix://${home.socket}`, ...args], {
    env: { ...process.env, DOCKER_CONFIG: dir },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const timer = setTimeout(() => child.kill(), 20_000);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  return { code, stdout, stderr };
}
const image = "hyperbox/base";

describe.skipIf(!present)("docker", () => {
  test("version and info", async () => {
    expect((await docker("version", "--format", "{{.Server.APIVersion}}")).stdout).toMatch(/^1\.\d+\n$/);
    expect((await docker("info", "--format", "{{.OSType}}")).stdout).toBe("linux\n");
  });
  test("run gives output and exit codes", async () => {
    expect(await docker("run", "--rm", image, "echo", "hello")).toMatchObject({ code: 0, stdout: "hello\n" });
    expect((await docker("run", "--rm", image, "sh", "-c", "exit 42")).code).toBe(42);
    expect((await docker("run", "--rm", image, "nothing-here")).code).toBe(127);
    expect((await docker("run", "--rm", image, "/etc")).code).toBe(126);
    expect((await docker("run", "--rm", "--memory", "1k", image, "true")).code).toBe(125);
  });
  test("run -d, ps, logs, exec, top, stats, stop, rm", async () => {
    expect(
      (
        await docker(
          "run",
          "-d",
          "--name",
          "web",
          "-l",
          "a=b",
          image,
          "sh",
          "-c",
          "echo up; trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done",
        )
      ).code,
    ).toBe(0);
    expect((await docker("ps", "--filter", "label=a=b", "--format", "{{.Names}} {{.Image}}")).stdout).toBe(
      `web ${image}\n`,
    );
    expect(await docker("exec", "web", "sh", "-c", "echo in; exit 3")).toMatchObject({ code: 3, stdout: "in\n" });
    expect((await docker("logs", "web")).stdout).toBe("up\n");
    expect((await docker("top", "web")).stdout).toContain("sh -c");
    expect((await docker("stats", "--no-stream", "--format", "{{.Name}}", "web")).stdout).toBe("web\n");
    expect((await docker("inspect", "--format", "{{.State.Status}}", "web")).stdout).toBe("running\n");
    expect((await docker("update", "--memory", "64m", "--memory-swap", "64m", "web")).code).toBe(0);
    expect((await docker("exec", "web", "cat", "/sys/fs/cgroup/memory/memory.limit_in_bytes")).stdout).toBe(
      `${64 << 20}\n`,
    );
    expect((await docker("pause", "web")).code).toBe(0);
    expect((await docker("unpause", "web")).code).toBe(0);
    expect((await docker("stop", "web")).code).toBe(0);
    expect((await docker("wait", "web")).stdout).toBe("0\n");
    expect((await docker("rm", "web")).stdout).toBe("web\n");
  });
  test("cp both ways, diff, commit, save and load", async () => {
    await docker("create", "--name", "box", image, "true");
    writeFileSync(join(dir, "in"), "content");
    expect((await docker("cp", join(dir, "in"), "box:/etc/in")).code).toBe(0);
    expect((await docker("cp", "box:/etc/in", join(dir, "out"))).code).toBe(0);
    expect(readFileSync(join(dir, "out"), "utf8")).toBe("content");
    expect((await docker("diff", "box")).stdout).toContain("A /etc/in");
    expect((await docker("commit", "box", "made:2")).stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect((await docker("save", "-o", join(dir, "made.tar"), "made:2")).code).toBe(0);
    expect((await docker("rmi", "made:2")).code).toBe(0);
    expect((await docker("load", "-i", join(dir, "made.tar"))).stdout).toContain("Loaded image: made:2");
    expect((await docker("run", "--rm", "made:2", "cat", "/etc/in")).stdout).toBe("content");
    expect((await docker("rm", "box")).code).toBe(0);
    expect((await docker("rmi", "made:2")).code).toBe(0);
  });
  test("a link in a container does not lead cp to the host", async () => {
    writeFileSync(join(dir, "evil"), "evil");
    await docker("run", "--name", "linker", image, "ln", "-s", "/tmp", "/out");
    await docker("cp", join(dir, "evil"), "linker:/out/hbx-owned");
    expect(existsSync("/tmp/hbx-owned")).toBe(false);
    await docker("rm", "linker");
  });
  test("networks: out to another container, in by a published port, and shared", async () => {
    const server = "while :; do echo answer | nc -l -p 80; done";
    await docker("run", "-d", "--name", "server", "-p", "127.0.0.1:28181:80", image, "sh", "-c", server);
    const address = (await docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "server")).stdout.trim();
    expect((await docker("run", "--rm", image, "sh", "-c", `nc -w 3 ${address} 80 < /dev/null`)).stdout).toBe(
      "answer\n",
    );
    const shared = ["run", "--rm", "--network", "container:server", image];
    expect((await docker(...shared, "sh", "-c", "nc -w 3 127.0.0.1 80 < /dev/null")).stdout).toBe("answer\n");
    const published = spawnSync("busybox", ["nc", "-w", "3", "127.0.0.1", "28181"], { input: "", encoding: "utf8" });
    expect(published.stdout).toBe("answer\n");
    expect((await docker("port", "server")).stdout).toBe("80/tcp -> 127.0.0.1:28181\n");
    expect((await docker("rm", "-f", "server")).code).toBe(0);
  });
  test("volumes, events and prune", async () => {
    expect((await docker("volume", "create", "data")).stdout).toBe("data\n");
    expect((await docker("run", "--rm", "-v", "data:/d", image, "sh", "-c", "echo kept > /d/f")).code).toBe(0);
    expect((await docker("run", "--rm", "-v", "data:/d:ro", image, "cat", "/d/f")).stdout).toBe("kept\n");
    expect((await docker("volume", "rm", "data")).code).toBe(0);
    const events = await docker("events", "--since", "1h", "--until", "0s", "--format", "{{.Type}} {{.Action}}");
    expect(events.stdout).toContain("container start");
    expect((await docker("system", "df")).code).toBe(0);
  });
});
