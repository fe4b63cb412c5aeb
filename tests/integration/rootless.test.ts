/** The core of the engine a second time, as a user without privileges: with subordinate ids, and with a single id. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { baseImage, createContainer, execIn, runContainer, sh } from "../support/containers.ts";
import { type Ids, openRootlessHome, type RootlessHome, whyNoRootless } from "../support/rootless-user.ts";

const reason = whyNoRootless();
if (reason !== null) console.log(`skipped: rootless (${reason})`);

const modes: readonly Ids[] = ["many", "one"];
for (const ids of modes)
  describe.skipIf(reason !== null)(`a daemon without root, with ${ids === "many" ? "subordinate ids" : "one id"}`, () =>
    cases(ids),
  );

const noNetwork = { NetworkMode: "none" };
const host = (HostConfig: Record<string, unknown>) => ({ HostConfig: { ...noNetwork, ...HostConfig } });
const quiet = host({});

type Cpu = { cpu_usage: { total_usage: number } };
type Stats = { memory_stats: { usage: number }; cpu_stats: Cpu; precpu_stats: Cpu };
type Warned = { Warnings: string[]; Id: string };

function cases(ids: Ids): void {
  let home: RootlessHome;
  beforeAll(async () => {
    home = await openRootlessHome(ids);
  }, 30_000);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
  }, 30_000);
  const detachedExec = async (id: string, Cmd: string[]): Promise<string> =>
    ((await home.api.ok("POST", `/containers/${id}/exec`, { Cmd })).json as { Id: string }).Id;
  const warningsOf = async (HostConfig: Record<string, unknown>): Promise<string[]> => {
    const answer = await home.api.ok("POST", "/containers/create", { Image: baseImage, Cmd: ["true"], HostConfig });
    const { Warnings, Id } = answer.json as Warned;
    await home.api.ok("DELETE", `/containers/${Id}`);
    return Warnings;
  };

  test("runs in the process that was started, in a user namespace with the ids there are", async () => {
    const { Pid } = (await home.api.ok("GET", "/hbx/v1/daemon")).json as { Pid: number };
    expect(Pid).toBe(home.daemonPid);
    expect(Number(readFileSync(join(home.dir, "run/hyperboxd.pid"), "utf8"))).toBe(home.daemonPid);
    const map = (await sh(home.api, "cat /proc/self/uid_map", quiet)).stdout.trim().split("\n");
    expect(map.map((line) => line.trim().split(/\s+/)[0])).toEqual(ids === "many" ? ["0", "1"] : ["0"]);
    expect(map[0]?.trim().split(/\s+/)).toEqual(["0", String(home.uid), "1"]);
  });

  test("gives output, exit code and signal", async () => {
    expect(await sh(home.api, "echo out; echo err >&2; exit 7", quiet)).toMatchObject({
      code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect((await sh(home.api, "kill -9 $$", host({ Init: true }))).code).toBe(137);
    await expect(runContainer(home.api, ["no-such-program"], quiet)).rejects.toThrow(/no-such-program/);
  });

  test("isolates: own hostname, processes, interfaces and kernel settings", async () => {
    const line = "hostname; echo $$; ls /proc | grep -c '^[0-9]'; ls /sys/class/net; cat /proc/keys | wc -c";
    const result = await sh(home.api, `${line}; echo x > /proc/sys/kernel/hostname`, { Hostname: "box", ...quiet });
    const [hostname, pid, processes, ...rest] = result.stdout.trim().split("\n");
    expect([hostname, pid]).toEqual(["box", "1"]);
    expect(Number(processes)).toBeLessThan(5);
    expect(rest).toEqual(["lo", "0"]);
    expect(result.stderr).toContain("Read-only file system");
  });

  test("has no right on the host that the user lacks", async () => {
    const bound = host({ Binds: ["/etc:/host:ro"], Privileged: true });
    const result = await sh(home.api, "cat /host/shadow; head -c 1 /dev/vda; mount -t ext4 /dev/vda /tmp", bound);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain("can't open '/host/shadow': Permission denied");
  });

  test(ids === "many" ? "runs as any user of its range" : "refuses users that have no id", async () => {
    const run = (User: string) => sh(home.api, "id -u; id -g", { User, ...quiet });
    if (ids === "many") {
      expect((await run("1000:1001")).stdout).toBe("1000\n1001\n");
      await expect(run("70000")).rejects.toThrow(/Cannot use user .*70000.*lacks the id/);
      return;
    }
    await expect(run("1000")).rejects.toThrow(/Cannot use user .*1000.*lacks the id/);
    await expect(sh(home.api, "id", host({ GroupAdd: ["7"] }))).rejects.toThrow(/allows no further groups: 7/);
  });

  test("gives a terminal of the asked size", async () => {
    const id = await createContainer(home.api, ["sh", "-c", "read x; stty size; tty"], {
      ...{ Tty: true, OpenStdin: true },
      ...quiet,
    });
    const stream = await home.api.hijack(`/containers/${id}/attach?stream=1&stdin=1&stdout=1`);
    await home.api.ok("POST", `/containers/${id}/start`);
    await home.api.ok("POST", `/containers/${id}/resize?h=40&w=100`);
    stream.socket.write("go\n");
    const { raw } = await stream.rest();
    expect(raw.toString()).toContain("40 100");
    expect(raw.toString()).toContain("/dev/pts/0");
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });

  test("binds the user's directories, read-only when asked", async () => {
    const dir = join(home.dir, "bound");
    mkdirSync(dir, { recursive: true, mode: 0o777 });
    writeFileSync(join(dir, "f"), "host");
    expect((await sh(home.api, "cat /m/f", host({ Binds: [`${dir}:/m:ro`] }))).stdout).toBe("host");
    const readonly = await sh(home.api, "echo x > /m/g", host({ Binds: [`${dir}:/m:ro`] }));
    expect(readonly.stderr).toContain("Read-only file system");
  });

  test("makes the root read-only and tmpfs writable", async () => {
    const result = await sh(
      home.api,
      "touch /x; touch /t/x && echo ok; test -e /dev/null -a -c /dev/zero && echo devices",
      host({ ReadonlyRootfs: true, Tmpfs: { "/t": "size=1m" } }),
    );
    expect(result.stdout).toBe("ok\ndevices\n");
    expect(result.stderr).toContain("Read-only file system");
  });

  test("fills a new volume from the image and keeps its content", async () => {
    const first = await sh(home.api, "ls /var; echo kept > /var/f", host({ Binds: ["data:/var"] }));
    expect(first.stdout).toContain("tmp");
    expect((await sh(home.api, "cat /v/f", host({ Binds: ["data:/v"] }))).stdout).toBe("kept\n");
    await home.api.ok("DELETE", "/volumes/data");
  });

  test("runs further processes, keeps the log, stops and kills", async () => {
    const loop = "echo first; trap 'exit 3' TERM; while :; do sleep 0.05; done";
    const id = await createContainer(home.api, ["sh", "-c", loop], quiet);
    await home.api.ok("POST", `/containers/${id}/start`);
    expect(await execIn(home.api, id, ["sh", "-c", "echo in; echo bad >&2; exit 9"])).toEqual({
      code: 9,
      stdout: "in\n",
      stderr: "bad\n",
    });
    expect((await home.api.call("GET", `/containers/${id}/logs?stdout=1`)).text).toContain("first\n");
    await home.api.ok("POST", `/containers/${id}/stop?t=5`);
    const state = async () =>
      ((await home.api.ok("GET", `/containers/${id}/json`)).json as { State: { ExitCode: number } }).State;
    expect(await state()).toMatchObject({ ExitCode: 3, Status: "exited" });
    await home.api.ok("POST", `/containers/${id}/start`);
    await home.api.ok("POST", `/containers/${id}/kill`);
    await home.api.ok("POST", `/containers/${id}/wait`);
    expect(await state()).toMatchObject({ ExitCode: 137 });
    await home.api.ok("DELETE", `/containers/${id}`);
  });

  test("makes images whose layers hide what was removed, and saves and loads them", async () => {
    const change = "rm /etc/passwd; rm -r /var/tmp; mkdir /var/tmp; echo new > /var/tmp/n; echo x > /x";
    const { id } = await runContainer(home.api, ["sh", "-c", change], quiet, true);
    await home.api.ok("POST", `/commit?container=${id}&repo=changed`);
    await home.api.ok("DELETE", `/containers/${id}`);
    const archive = new Uint8Array(await (await home.api.stream("/images/changed/get")).arrayBuffer());
    await home.api.ok("DELETE", "/images/changed");
    const loaded = await home.api.upload("POST", "/images/load", archive);
    expect(loaded.text).toContain("changed:latest");
    const look = "ls /etc/passwd; ls /var/tmp; cat /x";
    const result = await runContainer(home.api, ["sh", "-c", look], { Image: "changed", ...quiet });
    expect(result.stdout).toBe("n\nx\n");
    expect(result.stderr).toContain("/etc/passwd: No such file");
    await home.api.ok("DELETE", "/images/changed");
  });

  test("copies into and out of a container", async () => {
    const { id } = await runContainer(home.api, ["true"], quiet, true);
    const out = new Uint8Array(
      await (await home.api.stream(`/containers/${id}/archive?path=/etc/group`)).arrayBuffer(),
    );
    // Owned by an id of the host that no namespace has.
    const foreign = withOwner(out, ids === "many" ? 1234 : 70_000);
    expect((await home.api.upload("PUT", `/containers/${id}/archive?path=/tmp`, foreign)).status).toBe(200);
    const changes = (await home.api.ok("GET", `/containers/${id}/changes`)).json;
    expect(changes).toContainEqual({ Path: "/tmp/group", Kind: 1 });
    await home.api.ok("DELETE", `/containers/${id}`);
  });

  test("gives no network where none is named, with a warning; refuses bridges and ports", async () => {
    expect(await warningsOf({})).toEqual([expect.stringContaining("The container has no network")]);
    expect(await warningsOf({ NetworkMode: "host" })).toEqual([]);
    const joined = await sh(home.api, "readlink /proc/self/ns/net", { HostConfig: { NetworkMode: "host" } });
    expect(joined.stdout.trim()).toBe(readlinkSync("/proc/self/ns/net"));
    const create = (HostConfig: object) =>
      home.api.call("POST", "/containers/create", { Image: baseImage, Cmd: ["true"], HostConfig });
    expect(await create({ NetworkMode: "bridge" })).toMatchObject({ status: 501 });
    expect((await create({ PortBindings: { "80/tcp": [{ HostPort: "8080" }] } })).text).toContain(
      "Cannot publish ports",
    );
  });

  test("says what is degraded: limits, pause, ids", async () => {
    const info = (await home.api.ok("GET", "/info")).json as Record<string, unknown> & { Warnings: string[] };
    expect(info["SecurityOptions"]).toContain("name=rootless");
    expect(info.Warnings).toContainEqual(expect.stringContaining("networks none and host only"));
    expect(info.Warnings.some((line) => line.includes("Only one user id"))).toBe(ids === "one");
    const doctor = (await home.api.ok("GET", "/hbx/v1/doctor")).json as { check: string; status: string }[];
    expect(doctor).toContainEqual(
      expect.objectContaining({ check: "subordinate ids", status: ids === "one" ? "degraded" : "ok" }),
    );
    if (info["MemoryLimit"] === true) return; // cgroups are delegated to users here
    expect(await warningsOf({ ...noNetwork, Memory: 1 << 26 })).toEqual([expect.stringContaining("memory limit")]);
    const id = await createContainer(home.api, ["sleep", "60"], quiet);
    await home.api.ok("POST", `/containers/${id}/start`);
    expect((await home.api.call("POST", `/containers/${id}/pause`)).text).toContain("Cannot pause the container");
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });

  test("finds its containers again after a kill -9, and every process of theirs", async () => {
    const id = await createContainer(
      home.api,
      ["sh", "-c", "echo before; trap 'exit 4' TERM; while :; do sleep 0.05; done"],
      ids === "many" ? { User: "1000", ...quiet } : quiet,
    );
    await home.api.ok("POST", `/containers/${id}/start`);
    await home.kill("SIGKILL");
    await home.start();
    expect((await execIn(home.api, id, ["echo", "again"])).stdout).toBe("again\n");
    expect((await home.api.call("GET", `/containers/${id}/logs?stdout=1`)).text).toContain("before");
    const copied = await home.api.stream(`/containers/${id}/archive?path=/etc/group`);
    expect(copied.status).toBe(200);
    await copied.arrayBuffer();
    await home.api.ok("POST", `/containers/${id}/stop?t=5`);
    const inspect = (await home.api.ok("GET", `/containers/${id}/json`)).json as { State: object };
    expect(inspect.State).toMatchObject({ Status: "exited", ExitCode: 4 });
    await home.api.ok("DELETE", `/containers/${id}`);
  });

  test("tells processes and what they use without a cgroup", async () => {
    const id = await createContainer(home.api, ["sh", "-c", "while :; do :; done"], quiet);
    await home.api.ok("POST", `/containers/${id}/start`);
    await home.api.ok("POST", `/exec/${await detachedExec(id, ["sleep", "77"])}/start`, { Detach: true });
    const { Processes } = (await home.api.ok("GET", `/containers/${id}/top`)).json as { Processes: string[][] };
    expect(Processes.map((columns) => columns.at(-1))).toContainEqual("sleep 77");
    const stats = (await home.api.ok("GET", `/containers/${id}/stats?stream=0`)).json as Stats;
    expect(stats.memory_stats.usage).toBeGreaterThan(0);
    expect(stats.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(stats.precpu_stats.cpu_usage.total_usage);
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });

  test("ends a container whose shim was killed, though it has forgotten its parent", async () => {
    // A change of user clears the signal that the kernel would send when the parent dies.
    const line = ids === "many" ? "exec su -s /bin/sh nobody -c 'exec sleep 600'" : "exec sleep 600";
    const id = await createContainer(home.api, ["sh", "-c", line], quiet);
    await home.api.ok("POST", `/containers/${id}/start`);
    const { State } = (await home.api.ok("GET", `/containers/${id}/json`)).json as { State: { Pid: number } };
    const status = () => readFileSync(`/proc/${State.Pid}/status`, "utf8");
    while (!status().includes("Name:\tsleep")) await Bun.sleep(5);
    process.kill(Number(/^PPid:\t(\d+)/m.exec(status())?.[1]), "SIGKILL");
    expect((await home.api.ok("POST", `/containers/${id}/wait`)).json).toMatchObject({ StatusCode: 137 });
    const deadline = Date.now() + 2000;
    while (existsSync(`/proc/${State.Pid}`) && Date.now() < deadline) await Bun.sleep(5);
    expect(existsSync(`/proc/${State.Pid}`)).toBe(false);
    await home.api.ok("DELETE", `/containers/${id}`);
  });

  test("joins another container's network", async () => {
    const id = await createContainer(home.api, ["sleep", "60"], quiet);
    await home.api.ok("POST", `/containers/${id}/start`);
    const joined = { HostConfig: { NetworkMode: `container:${id}` } };
    expect((await sh(home.api, "ls /sys/class/net", joined)).stdout).toBe("lo\n");
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });

  test("removes what containers of other ids have made", async () => {
    const make = "mkdir -p /tmp/a/b; touch /tmp/a/b/c; chmod 0 /tmp/a";
    const { code, id } = await sh(home.api, make, ids === "many" ? { User: "1000", ...quiet } : quiet);
    expect(code).toBe(0);
    const trash = () => readdirSync(join(home.dir, "home/trash"));
    const deadline = Date.now() + 3000;
    while (trash().length > 0 && Date.now() < deadline) await Bun.sleep(10);
    expect(trash()).toEqual([]);
    expect(readdirSync(join(home.dir, "home/containers"))).not.toContain(id);
  });
}

/** The first entry of a tar with other owners, and its sum corrected. */
function withOwner(tar: Uint8Array, id: number): Uint8Array {
  const copy = Buffer.from(tar);
  const octal = `${id.toString(8).padStart(7, "0")}\0`;
  copy.write(octal, 108, "latin1");
  copy.write(octal, 116, "latin1");
  copy.fill(" ", 148, 156);
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return copy;
}
