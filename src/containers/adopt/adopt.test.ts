import { expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import type { Adoption } from "../../engines/engine.ts";
import { openDatabase } from "../../state/index.ts";
import { createFakeClock } from "../test-support/fake-clock.ts";
import { createHarness, type Harness } from "../test-support/harness.ts";

/** A daemon with one running container, gone without a word; then another on the same home. */
async function succeed(
  body: Record<string, unknown>,
  adoption: (first: Harness) => Adoption,
): Promise<[Harness, string]> {
  const first = await createHarness();
  const id = await first.create(body, "old");
  await first.call("POST", "/containers/old/start");
  const answer = adoption(first);
  await first.close(true);
  const home = first.home;
  const second = await createHarness({ home, clock: createFakeClock(), adoption: () => answer });
  return [second, id];
}

const ended = (code: number): Adoption => ({ state: "exited", exit: { code, oomKilled: false, finishedAtNs: 1.7e18 } });

test("a running container is found again, can be stopped, and its limits are as they were", async () => {
  const [h, id] = await succeed({ HostConfig: { Memory: 64 << 20 } }, (first) => {
    const workload = first.engine.workloads[0];
    return workload ? { state: "running", workload } : { state: "lost" };
  });
  const { json } = await h.call("GET", `/containers/${id}/json`);
  expect([json.State.Status, json.HostConfig.Memory, json.Name]).toEqual(["running", 64 << 20, "/old"]);
  expect(h.images.holders.has(id)).toBe(true);
  expect((await h.call("POST", "/containers/old/stop")).status).toBe(204);
  expect((await h.call("GET", `/containers/${id}/json`)).json.State).toMatchObject({ Status: "exited", ExitCode: 143 });
  await h.close();
});

test("one that ended meanwhile has its exit code, one that was lost 137 with a reason", async () => {
  const [h, id] = await succeed({}, () => ended(4));
  expect((await h.call("GET", `/containers/${id}/json`)).json.State).toMatchObject({ Status: "exited", ExitCode: 4 });
  expect(h.actions()).toEqual(["die"]);
  await h.close();
  const [lost] = await succeed({}, () => ({ state: "lost" }));
  expect((await lost.call("GET", "/containers/old/json")).json.State).toMatchObject({
    ExitCode: 137,
    Error: "nothing is known of its end",
  });
  await lost.close();
});

test("`--rm` is done after all, and a restart policy too", async () => {
  const [h, id] = await succeed({ HostConfig: { AutoRemove: true } }, () => ended(0));
  expect((await h.call("GET", `/containers/${id}/json`)).status).toBe(404);
  expect(existsSync(`${h.home}/containers/${id}`)).toBe(false);
  await h.close();
  const [again] = await succeed({ HostConfig: { RestartPolicy: { Name: "always" } } }, () => ended(0));
  expect((await again.call("GET", "/containers/old/json")).json.State.Status).toBe("restarting");
  await again.close();
});

test("directories without a row are swept, and broken rows are reported, not fatal", async () => {
  const first = await createHarness();
  await first.close(true);
  mkdirSync(`${first.home}/containers/${"f".repeat(64)}/upper`, { recursive: true });
  const db = openDatabase(`${first.home}/state.db`);
  db.prepare("INSERT INTO containers VALUES ('e', 'broken', '{', '{}')").run();
  db[Symbol.dispose]();
  const h = await createHarness({ home: first.home });
  expect(existsSync(`${h.home}/containers/${"f".repeat(64)}`)).toBe(false);
  expect(h.log.join("")).toContain("container.unreadable");
  expect((await h.call("GET", "/containers/json?all=1")).json).toEqual([]);
  await h.close();
  rmSync(first.home, { recursive: true, force: true });
});
