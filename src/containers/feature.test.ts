import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { startFailure } from "./test-support/fake-engine.ts";
import { createHarness, type Harness, type HarnessOptions } from "./test-support/harness.ts";

let open: Harness[] = [];
afterEach(async () => {
  for (const harness of open) await harness.close();
  open = [];
});
async function harness(options?: HarnessOptions): Promise<Harness> {
  const made = await createHarness(options);
  open.push(made);
  return made;
}

describe("the life of a container", () => {
  test("create, attach, wait, start, exit, removal come in Docker's order", async () => {
    const h = await harness();
    const id = await h.create({ Cmd: ["echo", "hello"], HostConfig: { AutoRemove: true } }, "one");
    const client = await h.upgrade(`/containers/${id}/attach?stream=1&stdout=1&stderr=1`);
    const waiting = await h.fetchUnix(`/containers/${id}/wait?condition=removed`, { method: "POST" });
    expect(waiting.status).toBe(200);
    expect((await h.call("POST", `/containers/${id}/start`)).status).toBe(204);
    expect(await waiting.json()).toEqual({ StatusCode: 0 });
    expect(await client.rest()).toBe("\x01\0\0\0\0\0\0\x06hello\n");
    expect(h.actions()).toEqual(["create", "attach", "start", "die", "destroy"]);
    expect((await h.call("GET", `/containers/${id}/json`)).json.message).toBe(`No such container: ${id}`);
    expect(readdirSync(`${h.home}/containers`)).toEqual([]);
    expect(h.images.holders.size).toBe(0);
  });

  test("a stopped container stays, can be inspected, started again and removed", async () => {
    const h = await harness();
    const id = await h.create({ Cmd: ["exit", "3"] }, "two");
    await h.call("POST", "/containers/two/start");
    expect((await h.call("POST", "/containers/two/wait")).json).toEqual({ StatusCode: 3 });
    const { json } = await h.call("GET", "/containers/two/json");
    expect(json.State).toMatchObject({ Status: "exited", Running: false, ExitCode: 3, Pid: 0 });
    expect((await h.call("POST", "/containers/two/start")).status).toBe(204);
    expect((await h.call("DELETE", `/containers/${id.slice(0, 10)}`)).status).toBe(204);
    expect(existsSync(`${h.home}/containers/${id}`)).toBe(false);
  });

  test("stop sends the stop signal and answers 304 when it does not run", async () => {
    const h = await harness();
    await h.create({ StopSignal: "SIGINT" }, "three");
    h.engine.fatal.add(2);
    await h.call("POST", "/containers/three/start");
    expect((await h.call("POST", "/containers/three/start")).status).toBe(304);
    expect((await h.call("POST", "/containers/three/stop")).status).toBe(204);
    expect((await h.call("POST", "/containers/three/stop")).status).toBe(304);
    expect(h.engine.workloads[0]?.signals).toEqual([2]);
    expect(h.actions().slice(-3)).toEqual(["kill", "die", "stop"]);
  });

  test("stop kills what does not comply in time", async () => {
    const h = await harness();
    await h.create({}, "deaf");
    h.engine.fatal.delete(15);
    await h.call("POST", "/containers/deaf/start");
    await h.call("POST", "/containers/deaf/stop?t=0");
    expect(h.engine.workloads[0]?.signals).toEqual([15, 9]);
  });

  test("a failed start leaves Docker's exit code, text and status, and gives the claim back", async () => {
    const h = await harness();
    const id = await h.create({ Cmd: ["nonsense"] }, "bad");
    h.engine.failNext = startFailure("exec", constants.errno.ENOENT);
    const { status, json } = await h.call("POST", "/containers/bad/start");
    expect(status).toBe(400);
    expect(json.message).toContain('exec: "nonsense": executable file not found in $PATH');
    expect((await h.call("GET", `/containers/${id}/json`)).json.State).toMatchObject({
      Status: "created",
      ExitCode: 127,
    });
    expect(h.engine.abandoned).toBe(1);
  });

  test("a failed start of a container that removes itself removes it", async () => {
    const h = await harness();
    const id = await h.create({ HostConfig: { AutoRemove: true } });
    const waiting = await h.fetchUnix(`/containers/${id}/wait?condition=removed`, { method: "POST" });
    h.engine.failNext = startFailure("exec", constants.errno.EACCES);
    expect((await h.call("POST", `/containers/${id}/start`)).json.message).toContain("permission denied");
    expect(await waiting.json()).toEqual({ StatusCode: 126 });
    expect((await h.call("GET", `/containers/${id}/json`)).status).toBe(404);
  });

  test("rm refuses a running container unless forced", async () => {
    const h = await harness();
    await h.create({}, "busy");
    await h.call("POST", "/containers/busy/start");
    const refused = await h.call("DELETE", "/containers/busy");
    expect(refused.status).toBe(409);
    expect(refused.json.message).toBe(
      'cannot remove container "/busy": container is running: stop the container before removing or force remove',
    );
    expect((await h.call("DELETE", "/containers/busy?force=1")).status).toBe(204);
    expect((await h.call("DELETE", "/containers/busy?link=1")).status).toBe(400);
  });

  test("pause, unpause, kill, restart and rename do what they say", async () => {
    const h = await harness();
    await h.create({}, "multi");
    await h.call("POST", "/containers/multi/start");
    expect((await h.call("POST", "/containers/multi/pause")).status).toBe(204);
    expect((await h.call("GET", "/containers/multi/json")).json.State.Status).toBe("paused");
    expect((await h.call("POST", "/containers/multi/pause")).status).toBe(409);
    expect((await h.call("POST", "/containers/multi/unpause")).status).toBe(204);
    expect((await h.call("POST", "/containers/multi/kill?signal=USR1")).status).toBe(204);
    expect((await h.call("POST", "/containers/multi/restart")).status).toBe(204);
    expect(h.engine.workloads[0]?.signals).toEqual([10, 15]);
    expect(h.engine.workloads.length).toBe(2);
    expect((await h.call("POST", "/containers/multi/rename?name=other")).status).toBe(204);
    expect((await h.call("GET", "/containers/json")).json[0].Names).toEqual(["/other"]);
    expect(h.actions().slice(-2)).toEqual(["restart", "rename"]);
  });
});

test("a field is known whatever its case; one that is not known is told of and left alone", async () => {
  const h = await harness();
  const body = { Image: "base", name: "x", hostconfig: { memory: 64 << 20, Zzz: 1, Yyy: "" } };
  const { status, json } = await h.call("POST", "/containers/create?name=lenient", body);
  expect(status).toBe(201);
  expect(json.Warnings).toEqual([expect.stringContaining("name means nothing")]);
  expect((await h.call("GET", "/containers/lenient/json")).json.HostConfig.Memory).toBe(64 << 20);
  const spelled = { Image: "base", HostConfig: { Zzz: 1 } };
  expect((await h.call("POST", "/containers/create", spelled)).json.Warnings[0]).toContain("HostConfig.Zzz");
});

describe("refusals", () => {
  test.each([
    [{ Image: "nope" }, 404, "No such image: nope"],
    [
      { HostConfig: { AutoRemove: true, RestartPolicy: { Name: "always" } } },
      400,
      "can't create 'AutoRemove' container with restart policy",
    ],
    [{ HostConfig: { Memory: 1024 } }, 400, "Minimum memory limit allowed is 6MB"],
    [{ HostConfig: { StorageOpt: { size: "1G" } } }, 400, "Cannot use HostConfig.StorageOpt"],
    [{ HostConfig: { Memory: "1" } }, 400, "Cannot read HostConfig.Memory: an integer is expected"],
    [{ Env: "A=1" }, 400, "Cannot read Env: a list of strings is expected"],
    [{ HostConfig: { Binds: ["a:b:c:d"] } }, 400, "invalid volume specification: 'a:b:c:d'"],
    [
      { HostConfig: { Mounts: [{ Type: "bind", Source: "/no/such/dir", Target: "/x" }] } },
      400,
      "bind source path does not exist: /no/such/dir",
    ],
    [{ HostConfig: { NetworkMode: "lan" } }, 404, "network lan not found"],
    [{ Cmd: [], Entrypoint: [""] }, 400, "no command specified"],
    [{ StopSignal: "SIGNOPE" }, 400, "invalid signal: SIGNOPE"],
  ])("create of %j answers %d %s", async (body, status, message) => {
    const h = await harness({ imageConfig: { Cmd: null } });
    const answer = await h.call("POST", "/containers/create", { Image: "base", Cmd: ["true"], ...body });
    expect([answer.status, answer.json.message]).toEqual([status, expect.stringContaining(message)]);
    expect(readdirSync(`${h.home}/containers`)).toEqual([]);
    expect(h.images.holders.size).toBe(0);
  });

  test("a name in use, a bad name, an unknown and an ambiguous id", async () => {
    const h = await harness();
    const id = await h.create({}, "taken");
    const conflict = await h.call("POST", "/containers/create?name=taken", { Image: "base" });
    expect(conflict.status).toBe(409);
    expect(conflict.json.message).toBe(
      `Conflict. The container name "/taken" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
    const bad = await h.call("POST", "/containers/create?name=-x", { Image: "base" });
    expect(bad.json.message).toBe("Invalid container name (-x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    expect((await h.call("GET", "/containers/zz/json")).json.message).toBe("No such container: zz");
    for (let made = 0; made < 17; made++) await h.create();
    const digit = [..."0123456789abcdef"].find(
      (c) => [...h.containers.summaries()].filter(({ id }) => id.startsWith(c)).length > 1,
    );
    expect((await h.call("GET", `/containers/${digit}/json`)).json.message).toBe(
      `multiple IDs found with provided prefix: ${digit}`,
    );
  });
});

describe("exec", () => {
  test("runs with the connection as stdio and keeps the exit code", async () => {
    const h = await harness();
    await h.create({ Env: ["A=1"] }, "host");
    await h.call("POST", "/containers/host/start");
    const { json } = await h.call("POST", "/containers/host/exec", {
      Cmd: ["ls", "/"],
      AttachStdout: true,
      Env: ["B=2"],
    });
    const client = await h.upgrade(`/exec/${json.Id}/start`, JSON.stringify({ Detach: false, Tty: false }));
    await until(() => h.engine.execs.length === 1);
    h.engine.execs[0]?.output.write("bin\n");
    h.engine.execs[0]?.end(5);
    expect(await client.rest()).toBe("bin\n");
    expect(h.engine.execs[0]?.process.env).toEqual([
      `HOSTNAME=${h.containers.summaries()[0]?.id.slice(0, 12)}`,
      "B=2",
      "A=1",
      "PATH=/bin",
    ]);
    const inspected = (await h.call("GET", `/exec/${json.Id}/json`)).json;
    expect(inspected).toMatchObject({
      Running: false,
      ExitCode: 5,
      ProcessConfig: { entrypoint: "ls", arguments: ["/"] },
    });
    expect(h.actions().slice(-3)).toEqual(["exec_create: ls /", "exec_start: ls /", "exec_die"]);
    expect((await h.call("POST", `/exec/${json.Id}/start`, {})).status).toBe(409);
  });

  test("tells of a command that is not there in the stream, with code 127", async () => {
    const h = await harness();
    await h.create({}, "host");
    await h.call("POST", "/containers/host/start");
    const { json } = await h.call("POST", "/containers/host/exec", { Cmd: ["nope"], AttachStdout: true });
    h.engine.failNext = startFailure("exec", constants.errno.ENOENT);
    const client = await h.upgrade(`/exec/${json.Id}/start`, "{}");
    expect(await client.rest()).toContain('exec: "nope": executable file not found in $PATH');
    expect((await h.call("GET", `/exec/${json.Id}/json`)).json.ExitCode).toBe(127);
  });

  test("refuses a container that does not run, and an empty command", async () => {
    const h = await harness();
    const id = await h.create({}, "host");
    const refused = await h.call("POST", "/containers/host/exec", { Cmd: ["ls"] });
    expect([refused.status, refused.json.message]).toEqual([409, `container ${id} is not running`]);
    await h.call("POST", "/containers/host/start");
    expect((await h.call("POST", "/containers/host/exec", { Cmd: [] })).json.message).toBe("No exec command specified");
    expect((await h.call("GET", "/exec/abc/json")).json.message).toBe("No such exec instance: abc");
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
