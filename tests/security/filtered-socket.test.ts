/** A program that has only a filtered socket: what it can do, and what it tries in vain. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Api, createApi } from "../support/api.ts";
import { baseImage, createContainer, runContainer } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";

let home: TestHome;
let inside: Api;
let path: string;
let foreign: string;

const limits = { MaxContainers: 3, MaxVolumes: 2, MaxMemory: 64 << 20, MaxNanoCpus: 500_000_000, MaxPids: 32 };

beforeAll(async () => {
  home = await openTestHome();
  const made = await home.api.ok("POST", "/hbx/v1/sockets", { Name: "agent", ...limits });
  path = (made.json as { Path: string }).Path;
  inside = createApi(path);
  foreign = await createContainer(home.api, ["sleep", "1000"], { Labels: { "hyperbox.socket": "other" } });
  await home.api.ok("POST", `/containers/${foreign}/start`);
  await home.api.ok("POST", "/volumes/create", { Name: "foreign-volume" });
});
afterAll(() => home[Symbol.asyncDispose]());

const names = async (api: Api): Promise<string[]> =>
  ((await api.ok("GET", "/containers/json?all=1")).json as { Id: string }[]).map(({ Id }) => Id);

describe("through a filtered socket", () => {
  test("containers run, are seen, and have the limits that they did not ask for", async () => {
    expect((await runContainer(inside, ["echo", "hello"])).stdout).toBe("hello\n");
    const id = await createContainer(inside, ["sleep", "1000"], { Labels: { "hyperbox.socket": "other" } });
    await inside.ok("POST", `/containers/${id}/start`);
    expect(await names(inside)).toEqual([id]);
    const seen = (await home.api.ok("GET", `/containers/${id}/json`)).json as {
      Config: { Labels: Record<string, string> };
      HostConfig: Record<string, unknown>;
    };
    expect(seen.Config.Labels["hyperbox.socket"]).toBe("agent");
    expect(seen.HostConfig).toMatchObject({
      Memory: 64 << 20,
      MemorySwap: 64 << 20,
      NanoCpus: 500_000_000,
      PidsLimit: 32,
    });
    const exec = await inside.ok("POST", `/containers/${id}/exec`, { Cmd: ["echo", "in"], AttachStdout: true });
    const stream = await inside.hijack(`/exec/${(exec.json as { Id: string }).Id}/start`, {});
    expect((await stream.rest()).stdout).toBe("in\n");
    await inside.ok("DELETE", `/containers/${id}?force=1`);
  });
  test("volumes of its own hold data", async () => {
    await inside.ok("POST", "/volumes/create", { Name: "notes", Labels: { "hyperbox.socket": "other" } });
    const body = { HostConfig: { Binds: ["notes:/d"] } };
    await runContainer(inside, ["sh", "-c", "echo kept > /d/f"], body);
    expect((await runContainer(inside, ["cat", "/d/f"], body)).stdout).toBe("kept\n");
    expect(((await inside.ok("GET", "/volumes")).json as { Volumes: unknown[] }).Volumes).toHaveLength(1);
    await inside.ok("DELETE", "/volumes/notes");
  });
  test("there are no more containers than allowed", async () => {
    const made: string[] = [];
    for (let count = 0; count < limits.MaxContainers; count += 1) made.push(await createContainer(inside, ["true"]));
    const refused = await inside.call("POST", "/containers/create", { Image: baseImage });
    expect(refused.status).toBe(409);
    for (const id of made) await inside.ok("DELETE", `/containers/${id}`);
  });
  test("nor when many are asked for at the same moment", async () => {
    const asked = Array.from({ length: 20 }, () => inside.call("POST", "/containers/create", { Image: baseImage }));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(limits.MaxContainers);
    const volumes = Array.from({ length: 20 }, (_, index) =>
      inside.call("POST", "/volumes/create", { Name: `at-once-${index}` }),
    );
    expect((await Promise.all(volumes)).filter(({ status }) => status === 201)).toHaveLength(limits.MaxVolumes);
    for (const id of await names(inside)) await inside.ok("DELETE", `/containers/${id}`);
    const kept = (await inside.ok("GET", "/volumes")).json as { Volumes: { Name: string }[] };
    for (const { Name } of kept.Volumes) await inside.ok("DELETE", `/volumes/${Name}`);
  });
  test("filters that are no filters are refused, not left out", async () => {
    for (const filters of ["{", "[]", "5"]) {
      expect((await inside.call("GET", `/containers/json?all=1&filters=${filters}`)).status).toBe(400);
    }
  });
});

const reaching: Record<string, unknown>[] = [
  { Privileged: true },
  { Binds: ["/:/host"] },
  { Binds: ["/var/run/docker.sock:/s"] },
  { Binds: ["foreign-volume:/v"] },
  { Binds: ["../../etc:/v"] },
  { Mounts: [{ Type: "bind", Source: "/", Target: "/host" }] },
  { Mounts: [{ Type: "volume", Source: "foreign-volume", Target: "/v" }] },
  {
    Mounts: [
      {
        Type: "volume",
        Source: "",
        Target: "/v",
        VolumeOptions: { DriverConfig: { Options: { type: "none", device: "/", o: "bind" } } },
      },
    ],
  },
  { CapAdd: ["SYS_ADMIN"] },
  { Devices: [{ PathOnHost: "/dev/kmsg", PathInContainer: "/dev/kmsg", CgroupPermissions: "rwm" }] },
  { DeviceCgroupRules: ["c *:* rwm"] },
  { NetworkMode: "host" },
  { PidMode: "host" },
  { IpcMode: "host" },
  { UTSMode: "host" },
  { UsernsMode: "host" },
  { CgroupnsMode: "host" },
  { SecurityOpt: ["seccomp=unconfined"] },
  { SecurityOpt: ["systempaths=unconfined"] },
  { SecurityOpt: ["apparmor=unconfined"] },
  { MaskedPaths: ["/nothing"] },
  { ReadonlyPaths: ["/nothing"] },
  { Sysctls: { "net.ipv4.ip_forward": "1" } },
  { OomScoreAdj: -1000 },
  { OomKillDisable: true },
  { PublishAllPorts: true },
  { PortBindings: { "80/tcp": [{ HostPort: "8080" }] } },
  { Memory: 128 << 20 },
  { Memory: -1 },
  { NanoCpus: 4_000_000_000 },
  { CpuQuota: 400_000, CpuPeriod: 100_000 },
  { PidsLimit: -1 },
  { PidsLimit: 100_000 },
  { GroupAdd: ["0"] },
];

describe("a container is refused that asks for", () => {
  for (const host of reaching) {
    const spelled = JSON.stringify(host);
    test(spelled, async () => {
      const before = await names(home.api);
      expect((await inside.call("POST", "/containers/create", { Image: baseImage, HostConfig: host })).status).toBe(
        403,
      );
      // The same in the spelling that a careless filter would overlook.
      const lower = Object.fromEntries(Object.entries(host).map(([key, value]) => [key.toLowerCase(), value]));
      expect((await inside.call("POST", "/containers/create", { Image: baseImage, hostconfig: lower })).status).toBe(
        403,
      );
      expect(await names(home.api)).toEqual(before);
    });
  }
  test("what somebody else's container has", async () => {
    for (const host of [
      { NetworkMode: `container:${foreign}` },
      { IpcMode: `container:${foreign}` },
      { PidMode: `container:${foreign}` },
      { VolumesFrom: [foreign] },
    ]) {
      expect((await inside.call("POST", "/containers/create", { Image: baseImage, HostConfig: host })).status).toBe(
        403,
      );
    }
  });
});

describe("nobody else's things", () => {
  const verbs: [method: string, path: string, body?: unknown][] = [
    ...["json", "top", "logs?stdout=1", "changes", "export", "stats?stream=0", "archive?path=/etc"].map(
      (verb): [string, string] => ["GET", verb],
    ),
    ...["start", "stop", "restart", "kill", "pause", "unpause", "rename?name=x1", "resize?h=1&w=1", "wait"].map(
      (verb): [string, string] => ["POST", verb],
    ),
    ["POST", "exec", { Cmd: ["true"] }],
    ["POST", "update", { Memory: 32 << 20 }],
    ["HEAD", "archive?path=/etc"],
    ["PUT", "archive?path=/etc"],
  ];
  for (const [method, verb, body] of verbs) {
    test(`${method} ${verb} finds none`, async () => {
      expect((await inside.call(method, `/containers/${foreign}/${verb}`, body)).status).toBe(404);
      expect((await inside.call(method, `/containers/${foreign.slice(0, 12)}/${verb}`, body)).status).toBe(404);
    });
  }
  test("are not removed, listed, pruned or told of", async () => {
    expect((await inside.call("DELETE", `/containers/${foreign}?force=1`)).status).toBe(404);
    expect((await inside.call("DELETE", "/volumes/foreign-volume")).status).toBe(404);
    expect(await names(inside)).not.toContain(foreign);
    const widened = encodeURIComponent(JSON.stringify({ label: ["hyperbox.socket=other"] }));
    expect((await inside.ok("GET", `/containers/json?all=1&filters=${widened}`)).json).toEqual([]);
    await inside.ok("POST", "/volumes/prune");
    await home.api.ok("GET", "/volumes/foreign-volume");
    const events = await inside.ok("GET", `/events?since=0&until=${Math.floor(Date.now() / 1000)}`);
    expect(events.text).not.toContain(foreign);
    expect((await inside.ok("GET", "/info")).text).not.toContain(home.home);
  });
  test("an exec of theirs is not started, resized or inspected", async () => {
    const made = await home.api.ok("POST", `/containers/${foreign}/exec`, { Cmd: ["true"] });
    const exec = (made.json as { Id: string }).Id;
    expect((await inside.call("POST", `/exec/${exec}/start`, { Detach: true })).status).toBe(404);
    expect((await inside.call("POST", `/exec/${exec}/resize?h=1&w=1`)).status).toBe(404);
    expect((await inside.call("GET", `/exec/${exec}/json`)).status).toBe(404);
  });
});

describe("the daemon itself", () => {
  const closed: [method: string, path: string, body?: unknown][] = [
    ["POST", "/hbx/v1/daemon/stop"],
    ["POST", "/hbx/v1/sockets", { Name: "more" }],
    ["GET", "/hbx/v1/sockets"],
    ["DELETE", "/hbx/v1/sockets/agent"],
    ["POST", "/commit?container=x"],
    ["POST", "/images/load"],
    ["POST", "/images/create?fromImage=x"],
    ["POST", "/images/create?fromSrc=-"],
    ["POST", `/images/${baseImage}/tag?repo=x`],
    ["DELETE", `/images/${baseImage}`],
    ["GET", `/images/${baseImage}/get`],
    ["POST", "/images/prune"],
    ["GET", "/system/df"],
    ["GET", "/networks"],
    ["POST", "/networks/create", { Name: "x" }],
    ["POST", "/volumes/create", { Name: "rooted", DriverOpts: { type: "none", device: "/", o: "bind" } }],
  ];
  for (const [method, where, body] of closed) {
    test(`${method} ${where} is refused`, async () => {
      expect((await inside.call(method, where, body)).status).toBe(403);
    });
  }
  test("an exec has no more rights than its container, a change no more than the socket", async () => {
    const id = await createContainer(inside, ["sleep", "1000"]);
    await inside.ok("POST", `/containers/${id}/start`);
    for (const body of [
      { Cmd: ["true"], Privileged: true },
      { Cmd: ["true"], privileged: true },
    ]) {
      expect((await inside.call("POST", `/containers/${id}/exec`, body)).status).toBe(403);
    }
    const changes = [
      { Memory: 1 << 30 },
      { memory: 1 << 30 },
      { MemorySwap: -1 },
      { PidsLimit: -1 },
      { CpuQuota: 900_000 },
    ];
    for (const change of changes) {
      expect((await inside.call("POST", `/containers/${id}/update`, change)).status).toBe(403);
    }
    await inside.ok("DELETE", `/containers/${id}?force=1`);
  });
});

const docker = spawnSync("docker", ["--version"]).status === 0 ? "/usr/local/bin/docker" : "";

test.skipIf(!existsSync(docker))("a docker command inside a sandbox starts siblings, and only those", async () => {
  const binds = [`${docker}:/bin/docker:ro`, `${path}:/var/run/docker.sock`];
  const said = await runContainer(home.api, ["docker", "run", "--rm", baseImage, "echo", "sibling"], {
    HostConfig: { Binds: binds },
  });
  expect(said).toMatchObject({ code: 0, stdout: "sibling\n" });
  const tried = ["docker", "run", "--rm", "-v", "/:/host", baseImage, "ls", "/host"];
  const refused = await runContainer(home.api, tried, { HostConfig: { Binds: binds } });
  expect(refused.code).toBe(125);
  expect(refused.stderr).toContain("no volume of this socket");
});

test("a socket is there again after the daemon was killed, and gone once removed", async () => {
  await home.kill("SIGKILL");
  await home.start();
  expect(await names(inside)).toEqual([]);
  const twins = [1, 2].map(() => home.api.call("POST", "/hbx/v1/sockets", { Name: "twin" }));
  expect((await Promise.all(twins)).map(({ status }) => status).sort()).toEqual([201, 409]);
  await home.api.ok("DELETE", "/hbx/v1/sockets/twin");
  await home.api.ok("DELETE", "/hbx/v1/sockets/agent");
  expect(existsSync(path)).toBe(false);
  expect((await home.api.call("DELETE", "/hbx/v1/sockets/agent")).status).toBe(404);
});
