/** Odd images, odd moments and clients that do not read: what is asked for happens, or one clear error does, and nothing reaches the host. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CreateBody, createContainer, execIn, runContainer } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { member, tarOf } from "../support/tar.ts";

let home: TestHome;
let host: string;
beforeAll(async () => {
  home = await openTestHome();
  host = mkdtempSync(join(tmpdir(), "hbx-host-"));
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  rmSync(host, { recursive: true, force: true });
});

async function started(cmd: string[], body: CreateBody = {}): Promise<string> {
  const id = await createContainer(home.api, cmd, body);
  await home.api.ok("POST", `/containers/${id}/start`);
  return id;
}
const remove = (id: string) => home.api.ok("DELETE", `/containers/${id}?force=1&v=1`);
const busybox = readFileSync("/bin/busybox");

async function importImage(name: string, ...members: Uint8Array[]): Promise<void> {
  const answer = await home.api.upload("POST", `/images/create?fromSrc=-&repo=${name}`, tarOf(members));
  expect(answer.text).not.toContain('"error"');
}

describe("odd images", () => {
  test("one without a shell runs what it has, and says what it has not", async () => {
    await importImage("bare", member("busybox", busybox, { mode: 0o755 }));
    const HostConfig = { NetworkMode: "none" };
    const hello = await runContainer(home.api, ["/busybox", "echo", "hello"], { Image: "bare", HostConfig });
    expect(hello).toMatchObject({ code: 0, stdout: "hello\n" });
    const shell = createContainer(home.api, ["/bin/sh"], { Image: "bare", HostConfig });
    const answer = await home.api.call("POST", `/containers/${await shell}/start`);
    expect(answer).toMatchObject({ status: 400, text: expect.stringMatching(/exec: \\?"\/bin\/sh\\?": no such file/) });
    await remove(await shell);
  });

  test("links in place of /etc files, the working directory and mount points stay inside", async () => {
    for (const name of ["hosts", "hostname", "resolv.conf", "passwd", "work", "mnt"])
      writeFileSync(join(host, name), "host's own\n");
    const link = (name: string, to: string) => member(name, "", { type: "2", link: to });
    await importImage(
      "links",
      member("busybox", busybox, { mode: 0o755 }),
      link("etc/hosts", join(host, "hosts")),
      link("etc/hostname", `../../../../../..${join(host, "hostname")}`),
      link("etc/resolv.conf", "resolv.conf"),
      link("etc/passwd", join(host, "passwd")),
      link("work", join(host, "work")),
      link("mnt", host),
    );
    const source = join(host, "source");
    mkdirSync(source);
    const cases: CreateBody[] = [
      {},
      { WorkingDir: "/work" },
      { User: "someone" },
      { HostConfig: { Binds: [`${source}:/mnt/inside`], NetworkMode: "none" } },
      { HostConfig: { Tmpfs: { "/mnt/t": "" }, NetworkMode: "none" } },
    ];
    for (const body of cases) {
      const run = runContainer(home.api, ["/busybox", "sh", "-c", "echo x > /mnt/w; echo ran"], {
        Image: "links",
        ...body,
      });
      const outcome = await run.then(
        ({ stdout }) => stdout,
        (error: Error) => error.message,
      );
      expect(outcome).toMatch(/^ran\n$|^(400|403|409|500) .*Cannot /);
      expect(outcome).not.toContain("internal error");
    }
    for (const { Id } of (await home.api.ok("GET", "/containers/json?all=1")).json as { Id: string }[])
      await remove(Id);
    for (const name of ["hosts", "hostname", "resolv.conf", "passwd", "work", "mnt"])
      expect(readFileSync(join(host, name), "utf8")).toBe("host's own\n");
    expect(existsSync(join(host, "w"))).toBe(false);
    expect(existsSync(join(host, "inside"))).toBe(false);
  });
});

describe("volumes", () => {
  test("a subpath is refused by name, not ignored", async () => {
    const Mounts = [{ Type: "volume", Source: "sub", Target: "/x", VolumeOptions: { Subpath: "../.." } }];
    const answer = await home.api.call("POST", "/containers/create", {
      Image: "hyperbox/base",
      HostConfig: { Mounts },
    });
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining("a subpath of a volume cannot") });
    expect((await home.api.call("GET", "/volumes/sub")).status).toBe(404);
  });
});

describe("copies", () => {
  test("the root of a running container has /proc, /sys and /dev as empty directories", async () => {
    const id = await started(["sleep", "60"]);
    const response = await home.api.stream(`/containers/${id}/archive?path=/`);
    expect(response.status).toBe(200);
    const names = Bun.spawnSync(["tar", "-t"], { stdin: new Uint8Array(await response.arrayBuffer()) });
    expect(names.stderr.toString()).toBe("");
    const list = names.stdout.toString().split("\n");
    expect(list.some((name) => /(^|\/)etc\/passwd$/.test(name))).toBe(true);
    expect(list.filter((name) => /(^|\/)(proc|sys|dev)\/./.test(name))).toEqual([]);
    const named = await home.api.stream(`/containers/${id}/archive?path=/proc/version`);
    expect(named.status).toBe(200);
    await named.arrayBuffer();
    await remove(id);
  });

  test("into a directory that the container keeps exchanging for a link to the host's never leave it", async () => {
    const target = join(host, "raced");
    mkdirSync(target);
    const flip = `mkdir -p ${target} /d; while :; do rm -rf /d/x; mkdir -p /d/x; rm -rf /d/x; ln -s ${target} /d/x; done`;
    const id = await started(["sh", "-c", flip]);
    for (let n = 0; n < 60; n++) {
      const { text } = await home.api.upload(
        "PUT",
        `/containers/${id}/archive?path=/d`,
        tarOf([member("x/owned", "x")]),
      );
      expect(text).not.toContain("internal error");
      await home.api.upload("PUT", `/containers/${id}/archive?path=/d/x`, tarOf([member("owned", "x")]));
      // What went away while it was read ends the answer early.
      await home.api
        .stream(`/containers/${id}/archive?path=/d/x/`)
        .then((out) => out.arrayBuffer())
        .catch(() => null);
    }
    expect(existsSync(join(target, "owned"))).toBe(false);
    await remove(id);
  });
});

describe("limits", () => {
  test("a memory limit below what is in use is refused, and the container goes on", async () => {
    const id = await started(
      ["sh", "-c", "dd if=/dev/zero of=/dev/shm/f bs=1M count=30 2>/dev/null; echo full; sleep 60"],
      {
        HostConfig: { Memory: 128 << 20 },
      },
    );
    const log = () => home.api.ok("GET", `/containers/${id}/logs?stdout=1`);
    while (!(await log()).text.includes("full")) await Bun.sleep(10);
    const { status, text } = await home.api.call("POST", `/containers/${id}/update`, {
      Memory: 8 << 20,
      MemorySwap: 8 << 20,
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toContain("needs more than that already");
    expect((await execIn(home.api, id, ["echo", "alive"])).stdout).toBe("alive\n");
    await remove(id);
  });

  test("out of processes an exec fails with a message, and the container goes on", async () => {
    const line = "sleep 60 & sleep 60 & echo full; wait";
    const id = await started(["sh", "-c", line], { HostConfig: { PidsLimit: 3 } });
    while (!(await home.api.ok("GET", `/containers/${id}/logs?stdout=1`)).text.includes("full")) await Bun.sleep(10);
    const outcome = await execIn(home.api, id, ["echo", "x"]).then(
      ({ code, stderr }) => `${code} ${stderr}`,
      (error: Error) => error.message,
    );
    expect(outcome).toMatch(/Cannot|can't fork|resource/i);
    expect(outcome).not.toContain("internal error");
    const { State } = (await home.api.ok("GET", `/containers/${id}/json`)).json as { State: { Running: boolean } };
    expect(State.Running).toBe(true);
    await remove(id);
  });
});

describe("clients", () => {
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${home.daemonPid}/status`, "utf8"))?.[1]) * 1024;
  const stalled = (path: string): Promise<() => void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ path: home.socket });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.pause();
        socket.write(`POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`, () =>
          resolve(() => socket.destroy()),
        );
      });
    });

  test("one that attaches and does not read holds memory flat, and its end sets the container free", async () => {
    const id = await started(["sh", "-c", "while :; do echo 0123456789012345678901234567890123456789; done"]);
    const before = rss();
    const ends = await Promise.all([1, 2, 3].map(() => stalled(`/containers/${id}/attach?stream=1&stdout=1&stderr=1`)));
    const written = async () => (await home.api.ok("GET", `/containers/${id}/logs?stdout=1&tail=1&timestamps=1`)).text;
    // Held back: the log stands still.
    let last = await written();
    for (let same = 0; same < 5; ) {
      await Bun.sleep(50);
      const now = await written();
      same = now === last ? same + 1 : 0;
      last = now;
    }
    expect(rss() - before).toBeLessThan(64 << 20);
    expect((await execIn(home.api, id, ["echo", "alive"])).stdout).toBe("alive\n");
    for (const end of ends) end();
    while ((await written()) === last) await Bun.sleep(10);
    await remove(id);
  });

  test("one that closes its half of an attach gets the rest of the output", async () => {
    const id = await createContainer(home.api, ["sh", "-c", "cat; echo after"], { OpenStdin: true, StdinOnce: true });
    const stream = await home.api.hijack(`/containers/${id}/attach?stream=1&stdin=1&stdout=1`);
    await home.api.ok("POST", `/containers/${id}/start`);
    stream.socket.end("before\n");
    expect((await stream.rest()).stdout).toBe("before\nafter\n");
    await remove(id);
  });
});
