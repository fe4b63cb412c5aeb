import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { constants } from "node:os";
import { EngineError } from "../base/errors.ts";
import { createHarness, type Harness } from "./test-support/harness.ts";

let h: Harness;
beforeEach(async () => {
  h = await createHarness();
});
afterEach(() => h.close());

const running = async (name: string, body: Record<string, unknown> = {}): Promise<string> => {
  const id = await h.create(body, name);
  await h.call("POST", `/containers/${name}/start`);
  return id;
};

describe("create and inspect", () => {
  test("what was asked is what inspect shows", async () => {
    const HostConfig = {
      Memory: 64 << 20,
      NanoCpus: 500_000_000,
      Binds: ["/tmp:/host:ro"],
      CapAdd: ["NET_ADMIN"],
      RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
      Ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }],
      Sysctls: { "net.ipv4.ip_forward": "1" },
      ReadonlyRootfs: true,
      SecurityOpt: ["no-new-privileges"],
    };
    const body = {
      Env: ["A=1"],
      Labels: { a: "b" },
      Tty: true,
      StopTimeout: 3,
      ExposedPorts: { "80-81": {} },
      HostConfig,
    };
    await h.create({ ...body, Cmd: ["sh", "-c", "x"] }, "full");
    const { json } = await h.call("GET", "/containers/full/json?size=1");
    expect(json).toMatchObject({ Path: "sh", Args: ["-c", "x"], Name: "/full", SizeRw: 7, HostConfig });
    expect(json.Config).toMatchObject({
      Env: ["A=1", "PATH=/bin"],
      Labels: { a: "b" },
      Tty: true,
      StopTimeout: 3,
      ExposedPorts: { "80/tcp": {}, "81/tcp": {} },
      Hostname: json.Id.slice(0, 12),
    });
    expect(json.Mounts).toEqual([
      { Type: "bind", Source: "/tmp", Destination: "/host", Mode: "ro", RW: false, Propagation: "rprivate" },
    ]);
    expect(json.State.StartedAt).toBe("0001-01-01T00:00:00Z");
  });

  test("the engine gets the spec that follows from it", async () => {
    await running("spec", {
      Tty: true,
      OpenStdin: true,
      StdinOnce: true,
      Env: ["DROPPED"],
      HostConfig: {
        Memory: 64 << 20,
        Binds: ["data:/data"],
        Tmpfs: { "/t": "size=1m" },
        PidMode: "host",
        Init: true,
        AutoRemove: true,
      },
    });
    const spec = h.engine.workloads[0]?.spec;
    expect(spec).toMatchObject({
      init: true,
      process: { args: ["sleep"], cwd: "/", user: "" },
      stdio: { tty: true, openStdin: true, stdinOnce: false },
      root: { lowers: ["/layers/base"], volatile: true },
      mounts: [
        { kind: "bind", source: "/volumes/data/_data", target: "/data", label: "volume data" },
        { kind: "tmpfs", target: "/t", options: ["size=1m"] },
      ],
      namespaces: { pid: { kind: "host" }, net: { kind: "prepared" } },
      resources: { memory: 64 << 20, memorySwap: 128 << 20 },
    });
    expect(spec?.process.env).toEqual([expect.stringMatching(/^HOSTNAME=[0-9a-f]{12}$/), "TERM=xterm", "PATH=/bin"]);
  });

  test("namespaces of another container are joined by its pid, and need it to run", async () => {
    await h.create({}, "target");
    await h.create({ HostConfig: { NetworkMode: "container:target", PidMode: "container:target" } }, "joiner");
    const refused = await h.call("POST", "/containers/joiner/start");
    expect([refused.status, refused.json.message]).toEqual([409, expect.stringContaining("non running container")]);
    await h.call("POST", "/containers/target/start");
    await h.call("POST", "/containers/joiner/start");
    const pid = h.engine.workloads[0]?.record.pid;
    expect(h.engine.requests.at(-1)).toEqual({ kind: "join", pid: pid ?? 0 });
    expect(h.engine.workloads[1]?.spec.namespaces).toMatchObject({
      net: { kind: "join", path: `/proc/${pid}/ns/net` },
      pid: { kind: "join", path: `/proc/${pid}/ns/pid` },
    });
  });

  test("anonymous volumes go with the container when asked, named ones stay", async () => {
    await h.create({ Volumes: { "/cache": {} }, HostConfig: { Binds: ["named:/n"] } }, "vols");
    expect([...h.volumes.holders.keys()].sort()).toEqual(["anonymous1", "named"]);
    await h.call("DELETE", "/containers/vols?v=1");
    expect(h.volumes.removed).toEqual(["anonymous1"]);
    expect(h.volumes.holders.get("named")?.size).toBe(0);
  });

  test("ports are published while it runs and closed after", async () => {
    const id = await running("ports", { HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }] } } });
    const ports = async () => (await h.call("GET", "/containers/ports/json")).json.NetworkSettings.Ports;
    expect(await ports()).toEqual({ "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "32768" }] });
    await h.call("POST", "/containers/ports/stop");
    expect(await ports()).toEqual({});
    expect(h.networks.published.has(id)).toBe(false);
  });
});

describe("attach", () => {
  test("input goes in, detach keys leave the container running", async () => {
    await running("tty", { Tty: true, OpenStdin: true });
    const client = await h.upgrade("/containers/tty/attach?stream=1&stdin=1&stdout=1");
    await new Promise((resolve) => setTimeout(resolve, 20));
    h.engine.workloads[0]?.print("hello");
    client.socket.write("abc");
    client.socket.write("\x10\x11");
    expect(await client.rest()).toBe("hello");
    expect(h.engine.workloads[0]?.input.join("")).toBe("abc");
    expect(h.actions()).toContain("detach");
    expect((await h.call("GET", "/containers/tty/json")).json.State.Status).toBe("running");
  });

  test("a client that attached before a start that fails is hung up on", async () => {
    await h.create({}, "fails");
    const client = await h.upgrade("/containers/fails/attach?stream=1&stdout=1");
    h.engine.failNext = new EngineError({ kind: "internal", code: "x.y", message: "Cannot mount x: no" });
    const answer = await h.call("POST", "/containers/fails/start");
    expect([answer.status, answer.json.message]).toEqual([500, "Cannot mount x: no"]);
    expect(await client.rest()).toBe("");
  });

  test("paused and websocket are refused", async () => {
    const id = await running("still");
    await h.call("POST", "/containers/still/pause");
    expect((await h.call("POST", "/containers/still/attach?stream=1")).json.message).toBe(
      `container ${id} is paused, unpause the container before attach`,
    );
    expect((await h.call("GET", "/containers/still/attach/ws")).status).toBe(501);
  });
});

describe("wait", () => {
  test("next-exit waits for the next, not-running answers at once, nonsense is refused", async () => {
    await h.create({ Cmd: ["exit", "2"] }, "waited");
    expect((await h.call("POST", "/containers/waited/wait")).json).toEqual({ StatusCode: 0 });
    const waiting = await h.fetchUnix("/containers/waited/wait?condition=next-exit", { method: "POST" });
    await h.call("POST", "/containers/waited/start");
    expect(await waiting.json()).toEqual({ StatusCode: 2 });
    const bad = await h.call("POST", "/containers/waited/wait?condition=never");
    expect([bad.status, bad.json.message]).toEqual([400, 'invalid condition: "never"']);
  });
});

describe("stats, top, update, resize", () => {
  test("one sample has Docker's fields, none when it does not run", async () => {
    const id = await running("measured");
    const { json } = await h.call("GET", "/containers/measured/stats?stream=0&one-shot=1");
    expect(json).toMatchObject({
      id,
      name: "/measured",
      preread: "0001-01-01T00:00:00Z",
      pids_stats: { current: 1 },
      cpu_stats: {
        cpu_usage: { total_usage: 5_000_000, percpu_usage: [4_000_000, 1_000_000] },
        online_cpus: expect.any(Number),
      },
      precpu_stats: { cpu_usage: { total_usage: 0 } },
      memory_stats: { usage: 4096, max_usage: 8192, stats: { rss: 4096 }, limit: 1 << 30 },
    });
    await h.call("POST", "/containers/measured/stop");
    expect((await h.call("GET", "/containers/measured/stats?stream=0")).json.memory_stats).toEqual({});
  });

  test("top needs PID and a running container", async () => {
    const id = await h.create({}, "topped");
    expect((await h.call("GET", "/containers/topped/top")).json.message).toBe(`container ${id} is not running`);
    await h.call("POST", "/containers/topped/start");
    expect((await h.call("GET", "/containers/topped/top")).json.Titles.slice(0, 3)).toEqual(["UID", "PID", "PPID"]);
    expect((await h.call("GET", "/containers/topped/top?ps_args=-o%20comm")).json.message).toBe(
      "Couldn't find PID field in ps output",
    );
    expect((await h.call("GET", "/containers/topped/top?ps_args=-o%20pid%3Dx")).status).toBe(400);
  });

  test("update changes limits live and keeps them", async () => {
    await running("limited");
    expect(
      (await h.call("POST", "/containers/limited/update", { Memory: 32 << 20, MemorySwap: 64 << 20, PidsLimit: null }))
        .json,
    ).toEqual({ Warnings: null });
    expect(h.engine.workloads[0]?.updates).toEqual([{ memory: 32 << 20, memorySwap: 64 << 20 }]);
    expect((await h.call("GET", "/containers/limited/json")).json.HostConfig.Memory).toBe(32 << 20);
    expect((await h.call("POST", "/containers/limited/update", { Memory: 1 })).json.message).toBe(
      "Minimum memory limit allowed is 6MB",
    );
    expect(
      (await h.call("POST", "/containers/limited/update", { Ulimits: [{ Name: "nofile", Soft: 1, Hard: 1 }] })).status,
    ).toBe(400);
  });

  test("a size given before the start is what the start begins with", async () => {
    await h.create({ Tty: true }, "sized");
    expect((await h.call("POST", "/containers/sized/resize?h=40&w=120")).status).toBe(200);
    await h.call("POST", "/containers/sized/start");
    expect(h.engine.workloads[0]?.spec.stdio).toMatchObject({ rows: 40, cols: 120 });
    await h.call("POST", "/containers/sized/resize?h=50&w=90");
    expect(h.engine.workloads[0]?.sizes).toEqual([{ rows: 50, cols: 90 }]);
    expect((await h.call("POST", "/containers/sized/resize?h=x&w=90")).status).toBe(400);
  });
});

describe("files", () => {
  test("stat and copy out carry Docker's header, copy in hands the body to the job", async () => {
    const id = await h.create({ HostConfig: { Binds: ["data:/data:ro"] } }, "files");
    const stat = await h.call("HEAD", "/containers/files/archive?path=/etc");
    const header = stat.headers.get("x-docker-container-path-stat") ?? "";
    expect(JSON.parse(Buffer.from(header, "base64").toString())).toEqual({
      name: "etc",
      size: 7,
      mode: 0o755,
      mtime: "1970-01-01T00:00:00.000Z",
      linkTarget: "",
    });
    expect((await h.call("GET", "/containers/files/archive?path=/etc")).json).toBe("tar");
    const put = await h.fetchUnix("/containers/files/archive?path=/tmp&noOverwriteDirNonDir=1", {
      method: "PUT",
      body: "tar",
    });
    expect(put.status).toBe(200);
    expect(h.jobFrames.at(-1)).toMatchObject({
      t: "putTar",
      path: "/tmp",
      noOverwriteDirNonDir: true,
      readonlyPaths: ["/data"],
      root: {
        upper: `${h.home}/containers/${id}/upper`,
        mounts: [{ source: "/volumes/data/_data", target: "/data", readonly: true }],
      },
    });
    expect((await h.call("GET", "/containers/files/archive")).status).toBe(400);
  });

  test("a path that is not there is Docker's 404", async () => {
    await h.create({}, "files");
    h.failJob(
      new EngineError({
        kind: "internal",
        code: "core.job",
        message: "x",
        details: { step: "openat2", errno: constants.errno.ENOENT },
      }),
    );
    const answer = await h.call("GET", "/containers/files/archive?path=/nope");
    expect([answer.status, answer.json.message]).toEqual([404, "Could not find the file /nope in container files"]);
  });

  test("a read-only root takes nothing in", async () => {
    await h.create({ HostConfig: { ReadonlyRootfs: true } }, "ro");
    const put = await h.fetchUnix("/containers/ro/archive?path=/tmp", { method: "PUT", body: "tar" });
    expect([put.status, await put.json()]).toMatchObject([403, { message: "container rootfs is marked read-only" }]);
  });
});

describe("prune and commit", () => {
  test("prune removes what does not run and matches", async () => {
    await running("alive");
    const id = await h.create({ Labels: { old: "1" } }, "stale");
    await h.create({}, "kept");
    const filters = encodeURIComponent(JSON.stringify({ label: ["old"] }));
    expect((await h.call("POST", `/containers/prune?filters=${filters}`)).json).toEqual({
      ContainersDeleted: [id],
      SpaceReclaimed: 7,
    });
    expect((await h.call("GET", "/containers/json?all=1")).json.length).toBe(2);
  });

  test("a commit holds a running container still and lets it go on", async () => {
    await running("busy");
    const source = await h.containers.commitSources.open("busy", { pause: true });
    expect(h.engine.workloads[0]?.paused).toBe(true);
    expect(source.upper).toBe(`${h.home}/containers/${source.id}/upper`);
    await source[Symbol.asyncDispose]();
    expect(h.engine.workloads[0]?.paused).toBe(false);
  });
});

test("out of memory is told and stays in the state", async () => {
  await running("fat");
  h.engine.workloads[0]?.oom();
  h.engine.workloads[0]?.end(137, { oomKilled: true });
  await h.call("POST", "/containers/fat/wait");
  expect((await h.call("GET", "/containers/fat/json")).json.State).toMatchObject({ OOMKilled: true, ExitCode: 137 });
  expect(h.actions().slice(-2)).toEqual(["oom", "die"]);
});

test("rename refuses the same, an empty and a taken name", async () => {
  await h.create({}, "first");
  await h.create({}, "second");
  expect((await h.call("POST", "/containers/first/rename?name=first")).status).toBe(400);
  expect((await h.call("POST", "/containers/first/rename")).json.message).toBe(
    "Neither old nor new names may be empty",
  );
  expect((await h.call("POST", "/containers/first/rename?name=second")).status).toBe(409);
});
