/** What one container can reach of another, of the core that enters it, and of the host's resources. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { findCore } from "../../src/daemon/core-path.ts";
import { createContainer, execIn, runContainer, sh } from "../support/containers.ts";
import { openTestHome, projectRoot, type TestHome } from "../support/home.ts";
import { compileProbe, type Probe } from "../support/probe.ts";

let home: TestHome;
let probe: Probe;
let victim: string;
let core: string;
const coreDigest = () => createHash("sha256").update(readFileSync(core)).digest("hex");

beforeAll(async () => {
  core = findCore(process.env["HYPERBOX_CORE"], `${projectRoot}/src/daemon`);
  probe = compileProbe("syscalls");
  home = await openTestHome();
  victim = await createContainer(home.api, ["sh", "-c", "echo secret > /dev/shm/s; exec sleep 600"], {
    HostConfig: { Binds: [`${probe.path}:/probe:ro`] },
  });
  await home.api.ok("POST", `/containers/${victim}/start`);
  expect((await execIn(home.api, victim, ["/probe", "shm_make=77"])).stdout).toBe("shm_make: allowed\n");
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  probe[Symbol.dispose]();
});

const attack = async (...names: string[]): Promise<string> =>
  (await runContainer(home.api, ["/probe", ...names], { HostConfig: { Binds: [`${probe.path}:/probe:ro`] } })).stdout;
const pidOf = async (id: string): Promise<number> =>
  ((await home.api.ok("GET", `/containers/${id}/json`)).json as { State: { Pid: number } }).State.Pid;

describe("across containers", () => {
  test("another container's processes cannot be signalled, traced or read", async () => {
    const pid = await pidOf(victim);
    const names = ["kill", "ptrace", "process_vm", "pidfd"];
    const answer = await attack(...names.map((name) => `${name}=${pid}`));
    expect(answer).toBe("kill: ESRCH\nptrace: ESRCH\nprocess_vm: ESRCH\npidfd: ESRCH\n");
  });
  test("the host's processes cannot be signalled", async () => {
    expect(await attack(`kill=${process.pid}`, `ptrace=${process.pid}`)).toBe("kill: ESRCH\nptrace: ESRCH\n");
  });
  test("System V shared memory is not shared", async () => {
    expect(await attack("shm_get=77")).toBe("shm_get: ENOENT\n");
  });
  test("/dev/shm is not shared", async () => {
    expect((await sh(home.api, "ls /dev/shm")).stdout).toBe("");
  });
  test("POSIX message queues are not shared", async () => {
    expect(await attack("mq=/none")).toMatch(/^mq: E(INVAL|NOENT|ACCES)\n$/);
  });
  test("an abstract socket of the host cannot be reached", async () => {
    const name = `hbx-test-${process.pid}`;
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ path: `\0${name}` }, resolve));
    expect(await attack(`abstract=${name}`)).toBe("abstract: ECONNREFUSED\n");
    server.close();
  });
  test("neither are other containers' files seen below /proc", async () => {
    const { stdout } = await sh(home.api, "ls /proc | grep -c '^[0-9]'; cat /proc/1/root/dev/shm/s 2>&1");
    expect(stdout).toMatch(/^\d\ncat: can't open '\/proc\/1\/root\/dev\/shm\/s': No such file or directory\n$/);
  });
});

describe("descriptors and the core", () => {
  const listing = ["sh", "-c", "for f in /proc/self/fd/*; do echo ${f##*/}; done; ls -l /proc/self/fd | wc -l"];
  test("init starts with 0, 1 and 2 alone", async () => {
    // ls and the glob each open the directory itself as a further one.
    expect((await runContainer(home.api, ["ls", "/proc/self/fd"])).stdout).toBe("0\n1\n2\n3\n");
    expect((await runContainer(home.api, listing)).stdout.split("\n").slice(0, 3)).toEqual(["0", "1", "2"]);
  });
  test("exec starts with 0, 1 and 2 alone", async () => {
    expect((await execIn(home.api, victim, ["ls", "/proc/self/fd"])).stdout).toBe("0\n1\n2\n3\n");
  });
  test("a descriptor never leads to the host", async () => {
    const { stdout } = await sh(home.api, "ls -l /proc/1/fd /proc/self/cwd /proc/self/root");
    expect(stdout).not.toContain(home.home);
    expect(stdout).not.toContain("hbx-core");
  });
  test("who runs the core by /proc/self/exe can write to it neither while it runs nor after", async () => {
    const before = coreDigest();
    // Without this capability it could not even be opened for reading.
    const HostConfig = { CapAdd: ["SYS_PTRACE"] };
    const id = await createContainer(home.api, ["sh", "-c", "ln -s /proc/self/exe /evil; exec sleep 60"], {
      HostConfig,
    });
    await home.api.ok("POST", `/containers/${id}/start`);
    await execIn(home.api, id, ["sh", "-c", "until test -L /evil; do :; done"]);
    const created = await home.api.ok("POST", `/containers/${id}/exec`, { Cmd: ["/evil", "zygote", "--socket", "/z"] });
    const execId = (created.json as { Id: string }).Id;
    await home.api.ok("POST", `/exec/${execId}/start`, { Detach: true });
    const script = `
      for n in $(seq 500); do
        for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q '^/evil' && pid=\${p##*/} && break 2; done
      done
      echo "found \${pid:-none}" | sed 's/[0-9][0-9]*/one/'
      exec 3< /proc/$pid/exe
      (echo x >> /proc/$pid/exe) && echo written
      kill -9 $pid
      while test -d /proc/$pid && ! grep -q 'State:.Z' /proc/$pid/status; do :; done
      (echo x >> /proc/self/fd/3) && echo written
      true`;
    const { stdout, stderr } = await execIn(home.api, id, ["sh", "-c", script]);
    expect(stdout).toBe("found one\n");
    expect(
      stderr.match(/can't create [^\n]*: (Operation not permitted|Text file busy|Permission denied)/g),
    ).toHaveLength(2);
    expect(coreDigest()).toBe(before);
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });
  test("a container that grabs at every program that enters it gets no hold of the core", async () => {
    const before = coreDigest();
    const writer = "while :; do for p in /proc/[0-9]*; do echo 2>/dev/null >> $p/exe; done; done";
    const id = await createContainer(home.api, ["sh", "-c", `(${writer}) 2>/dev/null`], {
      HostConfig: { NanoCpus: 5e8 },
    });
    await home.api.ok("POST", `/containers/${id}/start`);
    for (let n = 0; n < 20; n++) {
      // A failure of the command itself is told by the exec's answer; the container must be there to try.
      await execIn(home.api, id, ["true"]).catch(() => undefined);
      const { State } = (await home.api.ok("GET", `/containers/${id}/json`)).json as { State: { Status: string } };
      expect(State.Status).toBe("running");
    }
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
    expect(coreDigest()).toBe(before);
  });
});

describe("bombs", () => {
  test("a fork bomb stays under the pids limit and is removed whole", async () => {
    const id = await createContainer(home.api, ["sh", "-c", "b() { b | b & }; b; sleep 60"], {
      HostConfig: { PidsLimit: 40 },
    });
    await home.api.ok("POST", `/containers/${id}/start`);
    await Bun.sleep(300);
    const { stdout } = await sh(home.api, "echo alive");
    expect(stdout).toBe("alive\n");
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });
  test("a memory bomb is ended within its limit", async () => {
    const body = { HostConfig: { Memory: 32 << 20, MemorySwap: 32 << 20 } };
    const result = await runContainer(home.api, ["sh", "-c", "tail /dev/zero; echo $?"], body, true);
    const inspect = (await home.api.ok("GET", `/containers/${result.id}/json`)).json as {
      State: { OOMKilled: boolean };
    };
    expect(inspect.State.OOMKilled).toBe(true);
    await home.api.ok("DELETE", `/containers/${result.id}`);
  });
  test("a log bomb is rotated away", async () => {
    const LogConfig = { Type: "json-file", Config: { "max-size": "64k", "max-file": "2" } };
    const body = { HostConfig: { LogConfig } };
    const id = await createContainer(home.api, ["sh", "-c", "dd if=/dev/zero bs=64k count=300 2>/dev/null"], body);
    await home.api.ok("POST", `/containers/${id}/start`);
    await home.api.ok("POST", `/containers/${id}/wait`);
    const { stdout } = Bun.spawnSync(["du", "-s", "--apparent-size", "-B1", `${home.home}/containers/${id}`]);
    expect(Number(String(stdout).split("\t")[0])).toBeLessThan(1 << 20);
    await home.api.ok("DELETE", `/containers/${id}`);
  });
});

test("a container's terminal gives no hold on the console by TIOCLINUX", async () => {
  const HostConfig = { Binds: [`${probe.path}:/probe:ro`] };
  const { stdout } = await runContainer(home.api, ["/probe", "tioclinux"], { HostConfig, Tty: true });
  expect(stdout.trim()).toMatch(/^tioclinux: (ENOTTY|EPERM|EINVAL)$/);
});
