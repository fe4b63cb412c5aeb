/** Docker Compose, unmodified, with files of many services. Without the program every case is skipped, counted and said so. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTestHome, projectRoot, type TestHome } from "../support/home.ts";
import { servicesRoot } from "../support/services-root.ts";

const places = [
  join(projectRoot, ".hbx-cache/test-tools/usr/libexec/docker/cli-plugins/docker-compose"),
  "/usr/libexec/docker/cli-plugins/docker-compose",
  "/usr/local/lib/docker/cli-plugins/docker-compose",
];
const program = places.find((path) => existsSync(path)) ?? "";
if (program === "") console.log("compat: no docker-compose on this machine, its cases are skipped");
const files = join(import.meta.dirname, "compose");

let home: TestHome;
let config: string;
beforeAll(async () => {
  if (program === "") return;
  config = mkdtempSync(join(tmpdir(), "hbx-compose-"));
  home = await openTestHome();
});
afterAll(async () => {
  if (program === "") return;
  await home[Symbol.asyncDispose]();
  rmSync(config, { recursive: true });
});

type Said = { code: number; stdout: string; stderr: string };
type Compose = ((...args: string[]) => Promise<string>) & { attempt(...args: string[]): Promise<Said> };

function compose(file: string): Compose {
  const attempt = async (...args: string[]): Promise<Said> => {
    const child = Bun.spawn([program, "-f", join(files, file), "--ansi", "never", ...args], {
      env: {
        ...home.env,
        DOCKER_HOST: `unix://${home.socket}`,
        DOCKER_CONFIG: config,
        HBX_TEST_TOKEN: "t0ken",
        PASSED: "on",
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  };
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await attempt(...args);
    if (code !== 0) throw new Error(`compose ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  };
  return Object.assign(run, { attempt });
}

/** Up, what is to be looked at, down; then nothing of it may be there. */
async function whole(file: string, look: (run: Compose) => Promise<void>, up: string[] = []): Promise<void> {
  const run = compose(file);
  try {
    await run("up", "-d", "--wait", ...up);
    await look(run);
  } finally {
    await run("--profile", "*", "down", "--volumes", "--timeout", "1");
  }
  const left = async (path: string) => (await home.api.ok("GET", path)).json;
  expect(await left("/containers/json?all=1")).toEqual([]);
  expect(((await left("/volumes")) as { Volumes: unknown[] }).Volumes).toEqual([]);
  expect((await left("/networks")) as unknown[]).toHaveLength(3);
}

const inside = (run: Compose, service: string, ...command: string[]) => run("exec", "-T", service, ...command);

describe.skipIf(program === "")("docker compose", () => {
  test("replicas share a name, and more of them come and go", () =>
    whole("scale.yaml", async (run) => {
      const addresses = async () =>
        new Set((await inside(run, "client", "nslookup", "worker")).match(/Address: (?!127)\S+/g)).size;
      expect(await addresses()).toBe(3);
      expect(await inside(run, "client", "wget", "-qO-", "http://worker:8080/name")).toMatch(/^[0-9a-f]{12}\n$/);
      await run("up", "-d", "--wait", "--scale", "worker=5");
      expect(await addresses()).toBe(5);
      await run("scale", "worker=1");
      expect(await addresses()).toBe(1);
    }));

  test("profiles start only what they name", async () => {
    const services = async (run: Compose) => (await run("ps", "--services")).trim().split("\n").sort();
    await whole("profiles.yaml", async (run) => {
      expect(await services(run)).toEqual(["app"]);
      await run("--profile", "debug", "up", "-d", "--wait");
      expect(await services(run)).toEqual(["app", "debug"]);
    });
  });

  test("secrets and configs arrive from files, the environment and the text itself", () =>
    whole("secrets.yaml", async (run) => {
      expect(await inside(run, "app", "cat", "/run/secrets/password")).toBe("hunter2");
      expect(await inside(run, "app", "cat", "/run/secrets/api-token")).toBe("t0ken");
      expect(await inside(run, "app", "cat", "/etc/app.conf", "/etc/inline.conf")).toBe("setting = 1\ninline t0ken\n");
    }));

  test("extends and include", () =>
    whole("extends.yaml", async (run) => {
      expect(await inside(run, "app", "sh", "-c", "echo $SHARED $OWN")).toBe("1 2\n");
      expect((await run("ps", "--services")).trim().split("\n").sort()).toEqual(["app", "helper"]);
    }));

  test("networks let through what shares them, by name, alias and address, and nothing else", () =>
    whole("networks.yaml", async (run) => {
      const get = (from: string, host: string) =>
        run.attempt("exec", "-T", from, "timeout", "2", "wget", "-qO-", `http://${host}/s`);
      for (const host of ["back", "10.231.7.20"]) expect((await get("front", host)).stdout).toBe("secret\n");
      for (const host of ["back", "10.231.7.20"]) expect((await get("outsider", host)).code).not.toBe(0);
      expect((await run.attempt("exec", "-T", "back", "nslookup", "gate")).code).toBe(0);
      expect((await run.attempt("exec", "-T", "outsider", "nslookup", "gate")).code).not.toBe(0);
      expect((await run.attempt("exec", "-T", "outsider", "nslookup", "front")).code).toBe(0);
    }));

  test("a service waits until a job has ended well", () =>
    whole("jobs.yaml", async (run) => {
      expect(await inside(run, "app", "cat", "/data/state")).toBe("migrated\n");
      const all = (await run("ps", "-a", "--format", "{{.Service}} {{.ExitCode}}")).trim().split("\n").sort();
      expect(all).toEqual(["app 0", "migrate 0"]);
    }));

  test("variables from files, the shell and defaults; logging, labels, restart", () =>
    whole("environment.yaml", async (run) => {
      expect(await inside(run, "app", "sh", "-c", "echo $FROM_FILE,$QUOTED,$DIRECT,$PASSED")).toBe(
        "yes,two words,t0ken,on\n",
      );
      const id = (await run("ps", "-q")).trim();
      const seen = (await home.api.ok("GET", `/containers/${id}/json`)).json as {
        HostConfig: { RestartPolicy: { Name: string }; LogConfig: { Config: Record<string, string> } };
        Config: { Labels: Record<string, string> };
      };
      expect(seen.HostConfig.RestartPolicy.Name).toBe("unless-stopped");
      expect(seen.HostConfig.LogConfig.Config["max-file"]).toBe("2");
      expect(seen.Config.Labels["com.example.what"]).toBe("test");
    }));

  test("storage: named, bound, anonymous, tmpfs, a read-only root", () =>
    whole("storage.yaml", async (run) => {
      const write = (path: string) => run.attempt("exec", "-T", "app", "sh", "-c", `echo x > ${path}`);
      for (const path of ["/named/f", "/scratch/f", "/more/f"]) expect((await write(path)).code).toBe(0);
      for (const path of ["/f", "/files/f"]) expect((await write(path)).code).not.toBe(0);
      expect(await inside(run, "app", "cat", "/files/password")).toBe("hunter2");
      expect(await inside(run, "app", "df", "-k", "/dev/shm")).toContain(" 8192 ");
      await run("up", "-d", "--force-recreate", "--renew-anon-volumes", "--wait");
      expect(await inside(run, "app", "cat", "/named/f")).toBe("x\n");
    }));

  test("hardening and limits; the stop signal is the service's own", () =>
    whole("hardening.yaml", async (run) => {
      expect(
        await inside(run, "app", "sh", "-c", "id -u; pwd; hostname; ulimit -n; cat /proc/sys/net/core/somaxconn"),
      ).toBe("1000\n/tmp\nhard\n512\n77\n");
      const status = await inside(run, "app", "cat", "/proc/self/status");
      expect(status).toMatch(/NoNewPrivs:\s+1/);
      expect(status).toMatch(/CapBnd:\s+0000000000000400/);
      expect(await inside(run, "app", "cat", "/etc/hosts")).toContain("192.0.2.7\telsewhere");
      await run("stop");
      expect(await run("ps", "-a", "--format", "{{.ExitCode}}")).toBe("7\n");
      expect(await run("logs", "--no-log-prefix")).toBe("bye\n");
    }));

  test("the other verbs", () =>
    whole("profiles.yaml", async (run) => {
      expect(await run("run", "--rm", "-T", "app", "echo", "once")).toBe("once\n");
      expect(await run("top", "app")).toContain("sleep infinity");
      await run("pause");
      expect(await run("ps", "--format", "{{.State}}")).toBe("paused\n");
      await run("unpause");
      await run("cp", join(files, "files/password"), "app:/tmp/copied");
      expect(await inside(run, "app", "cat", "/tmp/copied")).toBe("hunter2");
      await run("restart", "-t", "0");
      await run("kill", "app");
      expect(await run("ps", "-a", "--format", "{{.State}}")).toBe("exited\n");
      await run("start");
      expect(await run("config", "--services")).toBe("app\n");
      expect(await run("images", "--format", "json")).toContain("hyperbox/base");
      await run("stop", "-t", "0");
      await run("rm", "-f");
    }));

  const root = program === "" ? { missing: "no compose" } : servicesRoot();
  test.skipIf("missing" in root)(
    "a database, a cache and a web server with health checks",
    async () => {
      if ("missing" in root) return;
      const archive = Bun.file(root.path).stream();
      await home.api.upload("POST", "/images/create?fromSrc=-&repo=services&tag=latest", archive);
      await whole("services.yaml", async (run) => {
        const [, port] = (await run("port", "web", "80")).trim().split(":");
        expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain("Welcome to nginx");
        expect(await inside(run, "web", "redis-cli", "-h", "cache", "incr", "visits")).toBe("1\n");
        const sql = ["psql", "-h", "database", "-U", "postgres", "-Atc", "select 6 * 7"];
        expect(await inside(run, "web", ...sql)).toBe("42\n");
      });
    },
    180_000,
  );
});
