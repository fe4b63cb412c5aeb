/** The core of the engine on the real kernel: start, output, exit codes, limits, mounts, exec, logs. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContainer, execIn, runContainer, sh } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";

let home: TestHome;

beforeAll(async () => {
  home = await openTestHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

const host = (HostConfig: Record<string, unknown>) => ({ HostConfig });

describe("run", () => {
  test("gives output and exit code", async () => {
    const result = await sh(home.api, "echo out; echo err >&2; exit 7");
    expect(result).toMatchObject({ code: 7, stdout: "out\n", stderr: "err\n" });
  });

  test("answers 128+n for a signal", async () => {
    expect((await sh(home.api, "kill -9 $$", host({ Init: true }))).code).toBe(137);
  });

  test("says which command is missing and sets 127", async () => {
    await expect(runContainer(home.api, ["no-such-program"])).rejects.toThrow(/no-such-program/);
  });

  test("refuses a directory as command", async () => {
    await expect(runContainer(home.api, ["/etc"])).rejects.toThrow(/permission denied|is a directory/i);
  });

  test("has its own hostname, pid namespace and mounts", async () => {
    const result = await sh(home.api, "hostname; echo $$; wc -l < /proc/mounts; ls /proc | grep -c '^[0-9]'", {
      Hostname: "box",
    });
    const [hostname, pid] = result.stdout.split("\n");
    expect(hostname).toBe("box");
    expect(pid).toBe("1");
  });

  test("takes environment, working directory and user", async () => {
    const result = await sh(home.api, "echo $A; pwd; id -u; id -g", {
      Env: ["A=b c"],
      WorkingDir: "/new/dir",
      User: "1000:1001",
    });
    expect(result.stdout).toBe("b c\n/new/dir\n1000\n1001\n");
  });

  test("gives a terminal of the asked size when Tty is set", async () => {
    const id = await createContainer(home.api, ["sh", "-c", "sleep 0.2; stty size; tty"], { Tty: true });
    const stream = await home.api.hijack(`/containers/${id}/attach?stream=1&stdout=1`);
    await home.api.ok("POST", `/containers/${id}/start`);
    await home.api.ok("POST", `/containers/${id}/resize?h=40&w=100`);
    const { raw } = await stream.rest();
    expect(raw.toString()).toContain("40 100");
    expect(raw.toString()).toContain("/dev/pts/0");
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });

  test("passes input through and ends it with the client's", async () => {
    const id = await createContainer(home.api, ["cat"], { OpenStdin: true, StdinOnce: true, AttachStdin: true });
    const stream = await home.api.hijack(`/containers/${id}/attach?stream=1&stdin=1&stdout=1`);
    await home.api.ok("POST", `/containers/${id}/start`);
    stream.socket.write("hello");
    stream.socket.end();
    expect((await stream.rest()).stdout).toBe("hello");
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });
});

describe("run in one request", () => {
  const frames = (raw: Buffer): [number, string][] => {
    const found: [number, string][] = [];
    for (let at = 0; at + 8 <= raw.length; ) {
      const length = raw.readUInt32BE(at + 4);
      found.push([raw[at] ?? 0, raw.subarray(at + 8, at + 8 + length).toString()]);
      at += 8 + length;
    }
    return found;
  };

  test("gives id, output and status in this order, and leaves nothing with AutoRemove", async () => {
    const body = { Image: "hyperbox/base", Cmd: ["sh", "-c", "echo a; exit 5"], HostConfig: { AutoRemove: true } };
    const stream = await home.api.hijack("/hbx/v1/containers/run?stdout=1&stderr=1", body);
    const [first, ...rest] = frames((await stream.rest()).raw);
    expect(first?.[0]).toBe(3);
    const { Id } = JSON.parse(first?.[1] ?? "") as { Id: string };
    expect(rest).toEqual([
      [1, "a\n"],
      [3, '{"StatusCode":5,"Error":null}'],
    ]);
    expect((await home.api.call("GET", `/containers/${Id}/json`)).status).toBe(404);
  });

  test("answers a plain error when the command is missing", async () => {
    const body = { Image: "hyperbox/base", Cmd: ["no-such-program"], HostConfig: { AutoRemove: true } };
    expect(home.api.hijack("/hbx/v1/containers/run?stdout=1", body)).rejects.toThrow(/no-such-program/);
  });
});

describe("mounts", () => {
  test("binds a host directory, read-only when asked", async () => {
    const dir = mkdtempSync(join(tmpdir(), "hbx-bind-"));
    writeFileSync(join(dir, "f"), "host");
    const writable = await sh(home.api, "cat /m/f; echo new > /m/g", host({ Binds: [`${dir}:/m`] }));
    expect(writable.stdout).toBe("host");
    expect(readFileSync(join(dir, "g"), "utf8")).toBe("new\n");
    const readonly = await sh(home.api, "echo x > /m/h; echo $?", host({ Binds: [`${dir}:/m:ro`] }));
    expect(readonly.stderr).toContain("Read-only file system");
    rmSync(dir, { recursive: true });
  });

  test("makes the root read-only and tmpfs writable", async () => {
    const result = await sh(
      home.api,
      "touch /x; touch /t/x && echo ok",
      host({ ReadonlyRootfs: true, Tmpfs: { "/t": "size=1m" } }),
    );
    expect(result.stdout).toBe("ok\n");
    expect(result.stderr).toContain("Read-only file system");
  });

  test("keeps a volume's content between containers", async () => {
    await sh(home.api, "echo kept > /v/f", host({ Binds: ["data:/v"] }));
    expect((await sh(home.api, "cat /v/f", host({ Binds: ["data:/v"] }))).stdout).toBe("kept\n");
    await home.api.ok("DELETE", "/volumes/data");
  });

  test("masks what Docker masks", async () => {
    const result = await sh(
      home.api,
      "cat /proc/keys | wc -c; ls /sys/firmware | wc -l; echo x > /proc/sys/kernel/hostname",
    );
    expect(result.stdout).toBe("0\n0\n");
    expect(result.stderr).toContain("Read-only file system");
  });
});

describe("limits", () => {
  test("kills what takes too much memory and reports it", async () => {
    const result = await runContainer(
      home.api,
      ["sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=64; echo survived"],
      host({ Memory: 16 * 1024 * 1024, MemorySwap: 16 * 1024 * 1024, ShmSize: 128 * 1024 * 1024 }),
      true,
    );
    const inspect = (await home.api.ok("GET", `/containers/${result.id}/json`)).json as {
      State: { OOMKilled: boolean };
    };
    expect(inspect.State.OOMKilled).toBe(true);
    await home.api.ok("DELETE", `/containers/${result.id}`);
  });

  test("bounds the number of processes", async () => {
    const result = await sh(home.api, "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait", host({ PidsLimit: 4 }));
    expect(result.stderr).toMatch(/can't fork|Resource temporarily unavailable/);
  });
});

describe("exec and logs", () => {
  test("runs further processes with their own exit code, and keeps the log", async () => {
    const id = await createContainer(home.api, [
      "sh",
      "-c",
      "echo first; trap 'exit 3' TERM; while :; do sleep 0.05; done",
    ]);
    await home.api.ok("POST", `/containers/${id}/start`);
    expect(await execIn(home.api, id, ["sh", "-c", "echo in; echo bad >&2; exit 9"])).toEqual({
      code: 9,
      stdout: "in\n",
      stderr: "bad\n",
    });
    expect(
      (await execIn(home.api, id, ["sh", "-c", "echo $X; id -u; pwd"], { Env: ["X=1"], User: "7", WorkingDir: "/tmp" }))
        .stdout,
    ).toBe("1\n7\n/tmp\n");
    const logs = await home.api.call("GET", `/containers/${id}/logs?stdout=1`);
    expect(logs.text).toContain("first\n");
    await home.api.ok("POST", `/containers/${id}/stop?t=5`);
    const state = (await home.api.ok("GET", `/containers/${id}/json`)).json as {
      State: { ExitCode: number; Status: string };
    };
    expect(state.State).toMatchObject({ ExitCode: 3, Status: "exited" });
    await home.api.ok("DELETE", `/containers/${id}`);
  });

  test("pauses and resumes", async () => {
    const id = await createContainer(home.api, ["sleep", "60"]);
    await home.api.ok("POST", `/containers/${id}/start`);
    await home.api.ok("POST", `/containers/${id}/pause`);
    expect(
      ((await home.api.ok("GET", `/containers/${id}/json`)).json as { State: { Paused: boolean } }).State.Paused,
    ).toBe(true);
    await home.api.ok("POST", `/containers/${id}/unpause`);
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });
});
