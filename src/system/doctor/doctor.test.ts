import { expect, test } from "bun:test";
import { EngineError } from "../../base/errors.ts";
import { runChecks } from "./checks.ts";
import { countIds, readFindings } from "./doctor.ts";
import type { Findings } from "./findings.ts";

const working = { run: () => Promise.resolve({ ok: true, detail: "works" }) };

async function findings(change: Partial<Findings> = {}): Promise<Findings> {
  const found = await readFindings({ jobs: working, home: "/", rootless: false }, new AbortController().signal);
  const disk = { freeBytes: 2 ** 40, totalBytes: 2 ** 41, freeInodes: 1e6, totalInodes: 2e6, path: "/x" };
  const host = {
    ...found.host,
    controllers: new Set(["memory", "cpu", "pids", "cpuset", "blkio"] as const),
    ipv4Forwarding: true,
  };
  return { ...found, host, disk, ...change };
}
const byName = (all: Findings, name: string) => runChecks(all).find((result) => result.check === name);

test("runChecks() is all ok on a host that has everything, without advice", async () => {
  const results = runChecks(await findings());
  expect(results.length).toBeGreaterThanOrEqual(15);
  expect(results.filter(({ status, advice }) => status !== "ok" || advice !== "")).toEqual([]);
});

test("runChecks() has advice for everything on a host that has nothing", async () => {
  const broken = {
    run: () => Promise.reject(new EngineError({ code: "x", kind: "internal", message: "no such thing" })),
  };
  const none = await readFindings({ jobs: broken, home: "/", rootless: true }, new AbortController().signal);
  const disk = { freeBytes: 0, totalBytes: 1, freeInodes: 0, totalInodes: 1, path: "/x" };
  const host = { ...none.host, controllers: new Set<never>(), ipv4Forwarding: false };
  const results = runChecks({ ...none, host, disk, subordinateIds: { uids: 0, gids: 0 }, newuidmap: false });
  expect(results.filter(({ status, advice }) => status === "ok" || advice === "")).toEqual([]);
  expect(results[0]).toMatchObject({
    check: "overlay filesystem",
    status: "missing",
    detail: "could not be tried: no such thing",
  });
});

test("runChecks() asks for subordinate ids and delegation only when rootless", async () => {
  const change = { subordinateIds: { uids: 0, gids: 0 }, newuidmap: false };
  expect(byName(await findings(change), "subordinate ids")?.status).toBe("ok");
  expect(byName(await findings({ ...change, rootless: true }), "subordinate ids")?.status).toBe("degraded");
});

test("countIds() adds up a user's ranges, by name or number", () => {
  expect(countIds("a:1:10\nb:1:99\n1000:5:5\nbroken\n", "a", 1000)).toBe(15);
});
