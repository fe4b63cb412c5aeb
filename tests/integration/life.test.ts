/** What happens to containers over time: restart policies, health, init, live limits, user namespaces. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createContainer, execIn, sh } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";

let home: TestHome;
beforeAll(async () => {
  home = await openTestHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

type Inspect = { State: { Status: string; ExitCode: number; Health?: { Status: string } }; RestartCount: number };
const inspect = async (id: string) => (await home.api.ok("GET", `/containers/${id}/json`)).json as Inspect;
async function until(id: string, ready: (seen: Inspect) => boolean): Promise<Inspect> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const seen = await inspect(id);
    if (ready(seen) || Date.now() > deadline) return seen;
    await Bun.sleep(20);
  }
}
async function started(cmd: string[], body: Record<string, unknown>): Promise<string> {
  const id = await createContainer(home.api, cmd, body);
  await home.api.ok("POST", `/containers/${id}/start`);
  return id;
}
const remove = (id: string) => home.api.ok("DELETE", `/containers/${id}?force=1`);

test("on-failure restarts as often as it says, then gives up with the last code", async () => {
  const RestartPolicy = { Name: "on-failure", MaximumRetryCount: 2 };
  const id = await started(["sh", "-c", "exit 5"], { HostConfig: { RestartPolicy } });
  const seen = await until(id, ({ State, RestartCount }) => State.Status === "exited" && RestartCount === 2);
  expect(seen).toMatchObject({ RestartCount: 2, State: { Status: "exited", ExitCode: 5 } });
  await remove(id);
}, 20_000);

test("always restarts what ends, not what a person stopped", async () => {
  const id = await started(["sh", "-c", "sleep 0.2"], { HostConfig: { RestartPolicy: { Name: "always" } } });
  expect((await until(id, ({ RestartCount }) => RestartCount > 0)).RestartCount).toBeGreaterThan(0);
  await home.api.ok("POST", `/containers/${id}/stop?t=0`);
  await Bun.sleep(500);
  expect((await inspect(id)).State.Status).toBe("exited");
  await remove(id);
}, 20_000);

test("health follows the probe", async () => {
  const second = 1_000_000_000;
  const Healthcheck = { Test: ["CMD-SHELL", "test -f /ok"], Interval: second / 10, Timeout: second, Retries: 2 };
  const id = await started(["sh", "-c", "touch /ok; sleep 60"], { Healthcheck });
  const health = (wanted: string) => until(id, ({ State }) => State.Health?.Status === wanted);
  expect((await health("healthy")).State.Health?.Status).toBe("healthy");
  await execIn(home.api, id, ["rm", "/ok"]);
  expect((await health("unhealthy")).State.Health?.Status).toBe("unhealthy");
  await remove(id);
}, 30_000);

test("--init reaps orphans", async () => {
  const line =
    "for n in 1 2 3 4 5; do (sleep 0.01 &) ; done; sleep 0.3; grep -l 'State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l";
  expect((await sh(home.api, line, { HostConfig: { Init: true } })).stdout.trim()).toBe("0");
});

test("PID 1 of --init tells nothing of the host", async () => {
  const line = "cat /proc/1/comm; tr '\\0' ' ' < /proc/1/cmdline";
  const { stdout } = await sh(home.api, line, { HostConfig: { Init: true } });
  expect(stdout.trim()).toBe("init\n/sbin/init");
});

test("--ipc container:x shares System V objects and /dev/shm", async () => {
  const donor = await started(["sh", "-c", "echo mine > /dev/shm/f; sleep 60"], {});
  const line = "cat /dev/shm/f; echo yours > /dev/shm/g; readlink /proc/self/ns/ipc";
  const { stdout } = await sh(home.api, line, { HostConfig: { IpcMode: `container:${donor}` } });
  const seen = await execIn(home.api, donor, ["sh", "-c", "cat /dev/shm/g; readlink /proc/self/ns/ipc"]);
  expect(stdout.split("\n")[0]).toBe("mine");
  expect(seen.stdout).toBe(`yours\n${stdout.split("\n")[1]}\n`);
  await remove(donor);
});

test("limits change while it runs", async () => {
  const id = await started(["sleep", "60"], { HostConfig: { PidsLimit: 100 } });
  await home.api.ok("POST", `/containers/${id}/update`, { PidsLimit: 7, Memory: 48 << 20, MemorySwap: 48 << 20 });
  const read = async (path: string) => (await execIn(home.api, id, ["cat", path])).stdout.trim();
  // One more than asked for: the holder, which is not the container's, counts on cgroup v1.
  expect(await read("/sys/fs/cgroup/pids/pids.max")).toBe("8");
  expect(await read("/sys/fs/cgroup/memory/memory.limit_in_bytes")).toBe(String(48 << 20));
  await remove(id);
});
