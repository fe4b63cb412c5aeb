import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Filters } from "../api/index.ts";
import { EngineError } from "../base/errors.ts";
import { createTarJobs } from "../images/testing/tar-jobs.ts";
import { createEvents, openDatabase } from "../state/index.ts";
import { parseListFilters } from "./filters.ts";
import { createContainerVolumes } from "./for-containers.ts";
import { pruneVolumes, volumeBody } from "./routes.ts";
import { anonymousLabel, parseCreateBody } from "./schema.ts";
import { openVolumes } from "./volumes.ts";

function open() {
  const home = mkdtempSync(join(tmpdir(), "hbx-volumes-"));
  const db = openDatabase(join(home, "state.db"));
  const jobs = createTarJobs();
  const volumes = openVolumes({ home, db, jobs, events: createEvents(), now: () => Date.UTC(2026, 0, 2, 3, 4, 5) });
  const make = (body: unknown) => volumes.ensure(parseCreateBody(body));
  const dispose = () => {
    db[Symbol.dispose]();
    rmSync(home, { recursive: true, force: true });
  };
  return { home, db, jobs, volumes, make, [Symbol.dispose]: dispose };
}
const signal = new AbortController().signal;

test("ensure() makes a directory, and gives Docker's shape", () => {
  using at = open();
  const volume = at.make({ Name: "data", Labels: { a: "1" } });
  expect(readdirSync(volume.path)).toEqual([]);
  expect(volumeBody(volume)).toEqual({
    CreatedAt: "2026-01-02T03:04:05Z",
    Driver: "local",
    Labels: { a: "1" },
    Mountpoint: join(at.home, "volumes/data/_data"),
    Name: "data",
    Options: null,
    Scope: "local",
  });
});

test("ensure() answers the existing volume, its labels unchanged", () => {
  using at = open();
  at.make({ Name: "data", Labels: { a: "1" } });
  expect(at.make({ Name: "data", Driver: "local", Labels: { b: "2" } }).labels).toEqual({ a: "1" });
  expect(at.volumes.events.history()).toHaveLength(1);
});

test("ensure() makes a name up, and marks the volume anonymous", () => {
  using at = open();
  const { name, labels } = at.make(undefined);
  expect(name).toMatch(/^[0-9a-f]{64}$/);
  expect(labels).toEqual({ [anonymousLabel]: "" });
});

test.each([
  ["a", "too short"],
  ["../x", "includes invalid characters"],
  ["/etc", "includes invalid characters"],
  [".drafts", "includes invalid characters"],
  ["-x", "includes invalid characters"],
  ["a b", "includes invalid characters"],
  ["x".repeat(256), "longer than 255"],
])("ensure() refuses the name %p", (Name, message) => {
  using at = open();
  expect(() => at.make({ Name })).toThrow(message);
});

test.each([
  [{ Driver: "nfs" }, 'plugin "nfs" not found'],
  [{ DriverOpts: { size: "1" } }, 'invalid option: "size"'],
  [{ DriverOpts: { type: "tmpfs", device: "tmpfs" } }, 'type "tmpfs" are not supported'],
  [{ DriverOpts: { type: "none", o: "bind,ro", device: "/tmp" } }, 'mount options "bind,ro"'],
  [{ DriverOpts: { o: "bind", device: "tmp" } }, "not an absolute path"],
  [{ DriverOpts: { o: "bind", device: "/nowhere/at/all" } }, "not a directory"],
  [{ DriverOpts: [] }, "an object of strings is expected"],
  [{ Labels: { a: 1 } }, "an object of strings is expected"],
  [{ ClusterVolumeSpec: {} }, "no cluster volumes"],
])("ensure() refuses %p", (body, message) => {
  using at = open();
  expect(() => at.make({ Name: "data", ...body })).toThrow(message);
  expect(at.volumes.list()).toEqual([]);
});

test("ensure() takes a bind volume, and remove() leaves its data alone", async () => {
  using at = open();
  const device = join(at.home, "mine");
  mkdirSync(device);
  const DriverOpts = { type: "none", o: "bind", device };
  expect(at.make({ Name: "mine", DriverOpts }).path).toBe(device);
  expect(() => at.make({ Name: "mine", DriverOpts: { ...DriverOpts, device: "/tmp" } })).toThrow(
    "other driver options",
  );
  await at.volumes.remove("mine");
  expect(existsSync(device)).toBe(true);
});

test("remove() refuses while held, then frees the name and the disk", async () => {
  using at = open();
  at.make({ Name: "data" });
  at.volumes.hold("data", "c1");
  at.volumes.hold("data", "c1");
  await expect(at.volumes.remove("data")).rejects.toThrow("remove data: volume is in use - [c1]");
  at.volumes.release("data", "c1");
  await at.volumes.remove("data");
  expect(() => at.volumes.get("data")).toThrow("get data: no such volume");
  expect(readdirSync(join(at.home, "volumes"))).toEqual([".drafts"]);
  expect(readdirSync(at.volumes.drafts)).toEqual([]);
});

test("list filters do as Docker's", () => {
  using at = open();
  at.make({ Name: "alpha", Labels: { a: "1" } });
  at.make({ Name: "beta" });
  at.volumes.hold("beta", "c1");
  const names = (filters: Record<string, string[]>) =>
    at.volumes
      .list()
      .filter(parseListFilters(at.volumes, new Map(Object.entries(filters)) as Filters))
      .map((v) => v.name);
  expect(names({})).toEqual(["alpha", "beta"]);
  expect(names({ dangling: ["true"] })).toEqual(["alpha"]);
  expect(names({ dangling: ["0"] })).toEqual(["beta"]);
  expect(names({ label: ["a"] })).toEqual(["alpha"]);
  expect(names({ label: ["a=2"] })).toEqual([]);
  expect(names({ label: ["constructor"] })).toEqual([]);
  expect(names({ name: ["et"] })).toEqual(["beta"]);
  expect(names({ driver: ["nfs"] })).toEqual([]);
});

test("pruneVolumes() takes unused anonymous volumes, and named ones with all", async () => {
  using at = open();
  const { name } = at.make(undefined);
  const held = at.make(undefined).name;
  at.volumes.hold(held, "c1");
  writeFileSync(join(at.make({ Name: "named" }).path, "f"), "12345");
  expect(await pruneVolumes(at.volumes, new Map(), false, signal)).toEqual({ names: [name], freedBytes: 0 });
  const all = await pruneVolumes(at.volumes, new Map([["all", ["1"]]]), false, signal);
  expect(all).toEqual({ names: ["named"], freedBytes: 5 });
  expect(at.volumes.list().map((volume) => volume.name)).toEqual([held]);
});

test("copyUp() fills an empty volume once", async () => {
  using at = open();
  const lower = join(at.home, "lower");
  mkdirSync(join(lower, "srv"), { recursive: true });
  writeFileSync(join(lower, "srv/a"), "1");
  const containers = createContainerVolumes(at.volumes);
  const { path } = containers.ensure({ name: "data", driver: "", driverOptions: {}, labels: {} });
  await Promise.all([
    containers.copyUp("data", { lowers: [lower] }, "srv"),
    containers.copyUp("data", { lowers: [lower] }, "srv"),
  ]);
  expect(readdirSync(path)).toEqual(["a"]);
  expect(at.jobs.ran.filter((type) => type === "copyUp")).toHaveLength(1);
  rmSync(join(path, "a"));
  writeFileSync(join(path, "own"), "");
  await containers.copyUp("data", { lowers: [lower] }, "srv");
  expect(readdirSync(path)).toEqual(["own"]);
});

test("copyUp() leaves the volume empty when the image has nothing there, or the job fails", async () => {
  using at = open();
  const containers = createContainerVolumes(at.volumes);
  const { path } = containers.ensure({ name: "data", driver: "", driverOptions: {}, labels: {} });
  const failing = (errno: number) => (type: string) => {
    if (type === "copyUp")
      throw new EngineError({ code: "x", kind: "internal", message: "it failed", details: { errno } });
  };
  at.jobs.before = failing(2);
  await containers.copyUp("data", { lowers: ["/x"] }, "srv");
  at.jobs.before = failing(28);
  await expect(containers.copyUp("data", { lowers: ["/x"] }, "srv")).rejects.toThrow("it failed");
  expect(readdirSync(path)).toEqual([]);
  expect(readdirSync(at.volumes.drafts)).toEqual([]);
});

test("removeAnonymous() takes anonymous volumes only", async () => {
  using at = open();
  const containers = createContainerVolumes(at.volumes);
  const { name } = at.make(undefined);
  at.make({ Name: "named" });
  for (const each of [name, "named", "gone"]) await containers.removeAnonymous(each);
  expect(at.volumes.list().map((volume) => volume.name)).toEqual(["named"]);
});

test("sweep() ends what a crash left, and keeps unknown data", async () => {
  using at = open();
  at.make({ Name: "kept" });
  rmSync(join(at.home, "volumes", at.make({ Name: "lost" }).name), { recursive: true });
  mkdirSync(join(at.home, "volumes/half/_data"), { recursive: true });
  mkdirSync(join(at.home, "volumes/unknown/_data/precious"), { recursive: true });
  mkdirSync(join(at.volumes.drafts, "abc"));
  expect(await at.volumes.sweep()).toBe(3);
  expect(at.volumes.list().map((volume) => volume.name)).toEqual(["kept"]);
  expect(readdirSync(join(at.home, "volumes")).sort()).toEqual([".drafts", "kept", "unknown"]);
});
