/** Data that goes in, out and stays: volumes, copies, changes, commits, archives of images, logs. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContainer, execIn, runContainer, sh } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { member, tarOf } from "../support/tar.ts";

let home: TestHome;
beforeAll(async () => {
  home = await openTestHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

async function started(cmd: string[], body: Record<string, unknown> = {}): Promise<string> {
  const id = await createContainer(home.api, cmd, body);
  await home.api.ok("POST", `/containers/${id}/start`);
  return id;
}
const remove = (id: string) => home.api.ok("DELETE", `/containers/${id}?force=1&v=1`);
const bytesOf = async (path: string): Promise<Uint8Array> =>
  new Uint8Array(await (await home.api.stream(path)).arrayBuffer());

describe("volumes", () => {
  test("an empty one gets the image's content, owner and mode", async () => {
    const { stdout } = await sh(home.api, "ls /v; stat -c %a /v", { HostConfig: { Binds: ["fresh:/v"] } });
    expect(stdout.split("\n").at(-2)).toBe("755");
    expect((await sh(home.api, "ls /copy/passwd", { HostConfig: { Binds: ["etc:/copy"] } })).code).toBe(1);
    expect((await sh(home.api, "ls /etc/passwd", { HostConfig: { Binds: ["etc2:/etc"] } })).stdout).toBe(
      "/etc/passwd\n",
    );
    const nocopy = await sh(home.api, "ls /bin/busybox", { HostConfig: { Binds: ["etc3:/etc:nocopy"] } });
    expect(nocopy.code).toBe(0);
    for (const name of ["fresh", "etc", "etc2", "etc3"]) await home.api.ok("DELETE", `/volumes/${name}`);
  });
  test("anonymous ones go with their container", async () => {
    const count = async () => ((await home.api.ok("GET", "/volumes")).json as { Volumes: unknown[] }).Volumes.length;
    const before = await count();
    const id = await createContainer(home.api, ["true"], { Volumes: { "/data": {} } });
    expect(await count()).toBe(before + 1);
    await remove(id);
    expect(await count()).toBe(before);
  });
});

describe("copies and changes", () => {
  test("files go in and come out as they were, running or not", async () => {
    for (const running of [true, false]) {
      const id = await createContainer(home.api, ["sleep", "60"]);
      if (running) await home.api.ok("POST", `/containers/${id}/start`);
      const archive = tarOf([member("in.txt", "hello", { mode: 0o640 })]);
      expect((await home.api.upload("PUT", `/containers/${id}/archive?path=/etc`, archive)).status).toBe(200);
      const out = Buffer.from(await bytesOf(`/containers/${id}/archive?path=/etc/in.txt`));
      expect(out.includes("hello")).toBe(true);
      expect(out.subarray(100, 107).toString()).toBe("0000640");
      if (running) expect((await execIn(home.api, id, ["cat", "/etc/in.txt"])).stdout).toBe("hello");
      expect((await home.api.call("GET", `/containers/${id}/archive?path=/none`)).status).toBe(404);
      await remove(id);
    }
  });
  test("diff names what was added, changed and deleted", async () => {
    const { id } = await runContainer(
      home.api,
      ["sh", "-c", "echo x > /added; rm /etc/group; echo y >> /etc/passwd"],
      {},
      true,
    );
    const changes = (await home.api.ok("GET", `/containers/${id}/changes`)).json as { Path: string; Kind: number }[];
    const found = Object.fromEntries(changes.map(({ Path, Kind }) => [Path, Kind]));
    expect(found).toMatchObject({ "/added": 1, "/etc/group": 2, "/etc/passwd": 0, "/etc": 0 });
    await remove(id);
  });
});

describe("images of containers", () => {
  test("commit keeps the files and takes changes", async () => {
    const { id } = await runContainer(home.api, ["sh", "-c", "echo kept > /f"], {}, true);
    await home.api.ok(
      "POST",
      `/commit?container=${id}&repo=made&tag=1&changes=${encodeURIComponent('CMD ["cat", "/f"]')}`,
    );
    await remove(id);
    const again = await createContainer(home.api, [], { Image: "made:1" });
    const stream = await home.api.hijack(`/containers/${again}/attach?stream=1&stdout=1`);
    await home.api.ok("POST", `/containers/${again}/start`);
    expect((await stream.rest()).stdout).toBe("kept\n");
    await remove(again);
    await home.api.ok("DELETE", "/images/made:1");
  });
  test("export and import give the same files", async () => {
    const { id } = await runContainer(home.api, ["sh", "-c", "echo moved > /f"], {}, true);
    const tar = await bytesOf(`/containers/${id}/export`);
    await remove(id);
    const imported = await home.api.upload("POST", "/images/create?fromSrc=-&repo=flat&tag=1", tar);
    expect(imported.status).toBe(200);
    expect((await sh(home.api, "cat /f", { Image: "flat:1" })).stdout).toBe("moved\n");
    await home.api.ok("DELETE", "/images/flat:1");
  });
  test("save and load give the same image id", async () => {
    const id = async () => ((await home.api.ok("GET", "/images/hyperbox/base/json")).json as { Id: string }).Id;
    const before = await id();
    const tar = await bytesOf("/images/hyperbox/base/get");
    await home.api.ok("DELETE", "/images/hyperbox/base?force=1");
    expect((await home.api.call("GET", "/images/hyperbox/base/json")).status).toBe(404);
    expect((await home.api.upload("POST", "/images/load", tar)).status).toBe(200);
    expect(await id()).toBe(before);
    expect((await sh(home.api, "echo works")).stdout).toBe("works\n");
  });
});

describe("logs", () => {
  test("tail, since and until, timestamps", async () => {
    const { id } = await runContainer(
      home.api,
      ["sh", "-c", "for n in 1 2 3 4 5; do echo $n; done"],
      { Tty: true },
      true,
    );
    const logs = async (query: string) =>
      (await home.api.ok("GET", `/containers/${id}/logs?stdout=1${query}`)).text.replaceAll("\r", "");
    expect(await logs("")).toBe("1\n2\n3\n4\n5\n");
    expect(await logs("&tail=2")).toBe("4\n5\n");
    expect(await logs("&since=4000000000")).toBe("");
    expect(await logs("&until=1")).toBe("");
    expect((await logs("&tail=1&timestamps=1")).trim()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z 5$/);
    await remove(id);
  });
  test("follow goes on across rotations and ends with the container", async () => {
    const LogConfig = { Type: "json-file", Config: { "max-size": "64k", "max-file": "3" } };
    const id = await createContainer(
      home.api,
      ["sh", "-c", "read x; n=0; while [ $n -lt 6000 ]; do n=$((n+1)); echo $n-abcdefghijklmnopqrstuvwxyz; done"],
      { Tty: true, OpenStdin: true, HostConfig: { LogConfig } },
    );
    await home.api.ok("POST", `/containers/${id}/start`);
    const following = home.api.stream(`/containers/${id}/logs?stdout=1&follow=1`);
    const response = await following;
    const input = await home.api.hijack(`/containers/${id}/attach?stream=1&stdin=1`);
    input.socket.write("go\n");
    const text = await response.text();
    input.socket.destroy();
    expect(text).toContain("6000-abcdefghijklmnopqrstuvwxyz");
    await remove(id);
  }, 20_000);
});

describe("attach", () => {
  test("several clients see the same; one that does not read holds up nobody for good", async () => {
    const id = await createContainer(home.api, ["sh", "-c", "read x; echo hello $x; read y"], { OpenStdin: true });
    await home.api.ok("POST", `/containers/${id}/start`);
    const clients = await Promise.all(
      [1, 2, 3].map(() => home.api.hijack(`/containers/${id}/attach?stream=1&stdin=1&stdout=1`)),
    );
    clients[0]?.socket.write("you\n");
    clients[1]?.socket.write("end\n");
    const seen = await Promise.all(clients.map((client) => client.rest()));
    expect(seen.map(({ stdout }) => stdout)).toEqual(["hello you\n", "hello you\n", "hello you\n"]);
    await remove(id);
  });
  test("exec with a terminal has its size", async () => {
    const id = await started(["sleep", "60"]);
    const created = (
      await home.api.ok("POST", `/containers/${id}/exec`, {
        Cmd: ["sh", "-c", "read x; stty size"],
        Tty: true,
        AttachStdin: true,
        AttachStdout: true,
      })
    ).json as { Id: string };
    const stream = await home.api.hijack(`/exec/${created.Id}/start`, { Tty: true });
    await home.api.ok("POST", `/exec/${created.Id}/resize?h=31&w=77`);
    stream.socket.write("\n");
    expect((await stream.rest()).raw.toString()).toContain("31 77");
    await remove(id);
  });
});

test("a read-only bind cannot be made writable from inside", async () => {
  const dir = mkdtempSync(join(tmpdir(), "hbx-ro-"));
  const { stderr } = await sh(home.api, "mount -o remount,rw /m; touch /m/x", {
    HostConfig: { Binds: [`${dir}:/m:ro`] },
  });
  expect(stderr).toContain("Read-only file system");
  rmSync(dir, { recursive: true });
});
