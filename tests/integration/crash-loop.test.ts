/**
 * kill -9 of the daemon, the zygote or a shim at random moments while containers start, exec and stop. After each kill the
 * containers that run must still be there; at the end nothing may be left of anything. Closing the home checks the kernel.
 */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createContainer, execIn } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { processesOf } from "../support/kernel.ts";
import { createRandom } from "../support/random.ts";

const iterations = 200;
const longLived = 3;
const script = "echo begun; trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";

type State = { Status: string; Pid: number; ExitCode: number };
const inspect = async (home: TestHome, id: string): Promise<State> =>
  ((await home.api.ok("GET", `/containers/${id}/json`)).json as { State: State }).State;

async function startLong(home: TestHome): Promise<string> {
  const id = await createContainer(home.api, ["sh", "-c", script], { Labels: { long: "1" } });
  await home.api.ok("POST", `/containers/${id}/start`);
  return id;
}

/** Whatever the engine was doing for these may fail; it may not hang. */
async function traffic(home: TestHome): Promise<void> {
  const signal = AbortSignal.timeout(8000);
  const work = async (): Promise<void> => {
    const id = await createContainer(home.api, ["sh", "-c", "echo x; sleep 0.02"], {
      HostConfig: { AutoRemove: true },
    });
    await home.api.call("POST", `/containers/${id}/start`);
    await home.api.call("POST", `/containers/${id}/exec`, { Cmd: ["true"] });
    await home.api.call("POST", `/containers/${id}/stop?t=0`);
  };
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(new Error("a request hangs after a kill"))),
  );
  late.catch(() => undefined);
  for (let n = 0; n < 3; n++) {
    const outcome = await Promise.race([work().catch(() => "failed"), late]);
    if (outcome === "failed") return;
  }
}

async function zygotePid(home: TestHome): Promise<number> {
  return processesOf(home.home).find(({ name }) => name === "hbx-zygote")?.pid ?? 0;
}

async function shimOf(pid: number): Promise<number> {
  const stat = await Bun.file(`/proc/${pid}/stat`).text();
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

const kill = (pid: number): void => {
  if (pid <= 1) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself at that moment.
  }
};

async function expectWhole(home: TestHome, id: string, pid: number): Promise<void> {
  expect(await inspect(home, id)).toMatchObject({ Status: "running", Pid: pid });
  expect((await home.api.ok("GET", `/containers/${id}/logs?stdout=1`)).text).toContain("begun\n");
  expect((await execIn(home.api, id, ["echo", "here"])).stdout).toBe("here\n");
}

test(`${iterations} kills leave nothing and harm no running container`, async () => {
  const random = createRandom("crash loop", 20_261_121);
  const home = await openTestHome();
  const started = performance.now();
  const kills = { daemon: 0, zygote: 0, shim: 0 };
  try {
    const living = new Map<string, number>();
    const refill = async (): Promise<void> => {
      while (living.size < longLived) {
        const id = await startLong(home);
        living.set(id, (await inspect(home, id)).Pid);
      }
    };
    await refill();
    for (let n = 0; n < iterations; n++) {
      const busy = traffic(home);
      await Bun.sleep(random.below(25));
      const victim = (["daemon", "zygote", "shim"] as const)[random.below(3)] ?? "daemon";
      kills[victim] += 1;
      if (victim === "daemon") {
        await home.kill("SIGKILL");
        await busy;
        await home.start();
      } else if (victim === "zygote") {
        kill(await zygotePid(home));
        await busy;
      } else {
        const [id = "", pid = 0] = [...living][random.below(living.size)] ?? [];
        kill(await shimOf(pid));
        await busy;
        living.delete(id);
        await home.api.ok("POST", `/containers/${id}/wait`);
        expect(await inspect(home, id)).toMatchObject({ Status: "exited", ExitCode: 137 });
        await home.api.ok("DELETE", `/containers/${id}?force=1`);
      }
      const at = [...living][random.below(living.size)];
      if (at) await expectWhole(home, at[0], at[1]);
      await refill();
    }
    for (const [id, pid] of living) {
      await expectWhole(home, id, pid);
      await home.api.ok("POST", `/containers/${id}/stop?t=5`);
      expect(await inspect(home, id)).toMatchObject({ Status: "exited", ExitCode: 0 });
      await home.api.ok("DELETE", `/containers/${id}`);
    }
    await removeRest(home);
    for (const folder of ["containers", "trash"]) expect(list(join(home.home, folder))).toEqual([]);
    expect((await home.api.ok("GET", "/containers/json?all=1")).json).toEqual([]);
    console.log(`crash loop: ${JSON.stringify(kills)} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } finally {
    await home[Symbol.asyncDispose]();
  }
}, 240_000);

/** What traffic had created but not started when its daemon died is a person's to remove, as with Docker. */
async function removeRest(home: TestHome): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const all = (await home.api.ok("GET", "/containers/json?all=1")).json as { Id: string }[];
    for (const { Id } of all) await home.api.call("DELETE", `/containers/${Id}?force=1`);
    const rest = list(join(home.home, "containers")).length + list(join(home.home, "trash")).length;
    if ((all.length === 0 && rest === 0) || Date.now() > deadline) return;
    await Bun.sleep(20);
  }
}

const list = (path: string): string[] => {
  try {
    // Directories made ahead of time for containers to come are no leak.
    return readdirSync(path).filter((name) => /^[0-9a-f]{64}$/.test(name) || path.endsWith("trash"));
  } catch {
    return [];
  }
};
