import { expect, test } from "bun:test";
import { EngineError } from "../../base/errors.ts";
import { runChecks } from "./checks.ts";
import { countIds, nameOf, readFindings } from "./doctor.ts";
import type { Findings } from "./findings.ts";

const working = { run: () => Promise.resolve({ ok: true, detail: "works" }) };

const oneId = { uid: 1000, subordinateIds: false };
const limits = { controllers: new Set<never>(), swapLimit: false };

async function findings(change: Partial<Findings> = {}): Promise<Findings> {
  const found = await readFindings({ jobs: working, home: "/", rootless: null, limits }, new AbortController().signal);
  const disk = { freeBytes: 2 ** 40, totalBytes: 2 ** 41, freeInodes: 1e6, totalInodes: 2e6, path: "/x" };
  const host = {
    ...found.host,
    controllers: new Set(["memory", "cpu", "pids", "cpuset", "blkio"] as const),
    ipv4Forwarding: true,
  };
  return { ...found, host, disk, localhostNames: true, ...change };
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
  const none = await readFindings({ jobs: broken, home: "/", rootless: oneId, limits }, new AbortController().signal);
  const disk = { freeBytes: 0, totalBytes: 1, freeInodes: 0, totalInodes: 1, path: "/x" };
  const host = { ...none.host, controllers: new Set<never>(), ipv4Forwarding: false };
  const results = runChecks({
    ...none,
    host,
    disk,
    subordinateIds: { uids: 0, gids: 0 },
    newuidmap: false,
    localhostNames: false,
  });
  const fine = results.filter(({ status, advice }) => status === "ok" || advice === "");
  expect(fine.map(({ check }) => check)).toEqual(["forwarding"]);
  expect(results[0]).toMatchObject({
    check: "overlay filesystem",
    status: "missing",
    detail: "could not be tried: no such thing",
  });
});

test("runChecks() asks for subordinate ids and delegation only when rootless", async () => {
  const change = { subordinateIds: { uids: 0, gids: 0 }, newuidmap: false };
  expect(byName(await findings(change), "subordinate ids")?.status).toBe("ok");
  expect(byName(await findings({ ...change, rootless: oneId }), "subordinate ids")?.status).toBe("degraded");
});

test("runChecks() says when ids are listed but not mapped", async () => {
  const listed = { subordinateIds: { uids: 65536, gids: 65536 }, newuidmap: true };
  expect(byName(await findings({ ...listed, rootless: oneId }), "subordinate ids")?.detail).toContain("has one id");
  const mapped = { uid: 1000, subordinateIds: true };
  expect(byName(await findings({ ...listed, rootless: mapped }), "subordinate ids")?.status).toBe("ok");
});

test("nameOf() finds a user by number", () => {
  expect(nameOf("root:x:0:0::/root:/bin/sh\na:x:7:7::/:/bin/sh\n", 7)).toBe("a");
  expect(nameOf("", 7)).toBe("7");
});

test("countIds() adds up a user's ranges, by name or number", () => {
  expect(countIds("a:1:10\nb:1:99\n1000:5:5\nbroken\n", "a", 1000)).toBe(15);
});
