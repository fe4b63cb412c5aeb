/** The daemon's life: one per home, flat counters after many starts, and both ways of stopping. */
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createContainer, runContainer } from "../support/containers.ts";
import { openTestHome, projectRoot } from "../support/home.ts";
import { processesOf } from "../support/kernel.ts";

describe("daemon", () => {
  test("500 starts leave descriptors and processes flat", async () => {
    await using home = await openTestHome();
    const counts = () => ({
      descriptors: readdirSync(`/proc/${home.daemonPid}/fd`).length,
      processes: processesOf(home.home).length,
    });
    const batch = async (size: number): Promise<void> => {
      for (let n = 0; n < size; n += 4) await Promise.all([1, 2, 3, 4].map(() => runContainer(home.api, ["true"])));
    };
    await batch(40);
    await Bun.sleep(6000); // the pool of spares shrinks to its base after five seconds
    const before = counts();
    await batch(500);
    await Bun.sleep(6000);
    const after = counts();
    expect(after.processes).toBe(before.processes);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 4);
  }, 120_000);

  test("of twenty daemons that race for one home one wins and the others say so", async () => {
    await using home = await openTestHome({ image: false });
    const bun = join(projectRoot, "node_modules/bun/bin/bun.exe");
    await home.kill();
    const racers = Array.from({ length: 20 }, () => {
      const child = spawn(bun, [join(projectRoot, "src/daemon/main.ts")], { env: home.env, cwd: "/" });
      let text = "";
      child.stderr.on("data", (chunk) => {
        text += String(chunk);
      });
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      return { child, ended, text: () => text };
    });
    const deadline = Date.now() + 40_000;
    while (racers.filter(({ child }) => child.exitCode === null).length > 1 && Date.now() < deadline)
      await Bun.sleep(20);
    const winners = racers.filter(({ child }) => child.exitCode === null);
    expect(winners).toHaveLength(1);
    for (const { child, text } of racers) {
      if (child.exitCode === null) continue;
      expect(child.exitCode).not.toBe(0);
      expect(text()).toMatch(/another daemon|in use|already/i);
    }
    expect((await home.api.ok("GET", "/_ping")).text).toBe("OK");
    winners[0]?.child.kill("SIGTERM");
    await winners[0]?.ended;
  }, 60_000);

  test("stopping it leaves containers alone; stopping with containers does not", async () => {
    await using home = await openTestHome();
    const id = await createContainer(home.api, ["sh", "-c", "trap 'exit 4' TERM; while :; do sleep 1 & wait $!; done"]);
    await home.api.ok("POST", `/containers/${id}/start`);
    const pid = async () =>
      ((await home.api.ok("GET", `/containers/${id}/json`)).json as { State: { Pid: number } }).State.Pid;
    const before = await pid();
    await home.kill("SIGTERM");
    expect(processesOf(home.home).map((process) => process.pid)).toContain(before);
    expect(processesOf(home.home).map(({ name }) => name)).not.toContain("hbx-zygote");
    await home.start();
    expect(await pid()).toBe(before);
    await home.api.ok("POST", "/hbx/v1/daemon/stop?containers=1");
    await home.exited();
    expect(processesOf(home.home)).toEqual([]);
    await home.start();
    const { State } = (await home.api.ok("GET", `/containers/${id}/json`)).json as { State: Record<string, unknown> };
    expect(State).toMatchObject({ Status: "exited", ExitCode: 4 });
  }, 30_000);
});
