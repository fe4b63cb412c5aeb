import { expect, test } from "bun:test";
import type { Filters } from "../api/index.ts";
import { createEvents, type EventInput } from "../state/index.ts";
import { handleDiskUsage } from "./disk-usage.ts";
import { parseEventFilter } from "./event-filter.ts";
import { handleEvents } from "./events.ts";
import { filesystemName } from "./filesystem.ts";
import { type HostFacts, parseOsRelease, readHostFacts } from "./host-facts.ts";
import { infoBody, infoWarnings } from "./info.ts";
import { handlePing, handlePingHead } from "./ping.ts";
import { createTestRequest } from "./testing/test-request.ts";
import { versionBody } from "./version.ts";

const build = { version: "0.1.0", gitCommit: "abc", builtAt: "" };
const host: HostFacts = {
  ...readHostFacts(),
  kernel: "6.1.0",
  controllers: new Set(["memory", "cpu", "cpuset", "pids", "blkio"]),
  swapLimit: true,
  seccomp: true,
  ipv4Forwarding: true,
  cgroupVersion: 2,
};

test("handlePing() answers OK with the headers that clients read", async () => {
  const { request, seen } = createTestRequest();
  await handlePing(request);
  expect(seen).toMatchObject({ status: 200, text: "OK", ended: true });
  expect(seen.headers).toMatchObject({ "Builder-Version": "1", Swarm: "inactive", "Content-Length": "2" });
  const head = createTestRequest();
  await handlePingHead(head.request);
  expect(head.seen).toMatchObject({ status: 200, text: "", ended: true });
});

test("versionBody() has the fields of Docker's version", () => {
  const body = versionBody(build, host, { newest: "1.51", oldest: "1.24" });
  expect(body).toMatchObject({
    Version: "0.1.0",
    ApiVersion: "1.51",
    MinAPIVersion: "1.24",
    Os: "linux",
    KernelVersion: "6.1.0",
  });
  expect(body.Components[0]?.Details.ApiVersion).toBe("1.51");
});

test("readHostFacts() reads this host", () => {
  const facts = readHostFacts();
  expect(facts.memoryBytes).toBeGreaterThan(2 ** 26);
  expect(facts.kernel).toMatch(/^\d+\.\d+/);
  expect(facts.osName).not.toBe("");
});

test("readHostFacts() says nothing of a host that is not there", () => {
  const facts = readHostFacts("/nonexistent");
  expect(facts).toMatchObject({ memoryBytes: 0, cgroupVersion: 1, seccomp: false, osName: "Linux" });
  expect(facts.controllers.size).toBe(0);
});

test("parseOsRelease() takes quotes off", () => {
  expect(parseOsRelease("NAME=\"A B\"\nID=x\n# c\nV='1'\n")).toEqual({ NAME: "A B", ID: "x", V: "1" });
});

test("infoBody() counts, names and hides secrets", () => {
  const body = infoBody({
    id: "x",
    home: "/var/lib/hyperbox",
    build,
    host,
    rootless: true,
    degraded: ["one id"],
    counts: { running: 2, paused: 1, stopped: 3 },
    imageCount: 4,
    driver: "overlayfs",
    driverDetail: "asked for",
    backingFilesystem: "extfs",
    eventListeners: 0,
    fileDescriptors: 9,
    proxies: { http: "http://user:secret@proxy:8080", https: "", no: "" },
    nowMs: 0,
  });
  expect(body).toMatchObject({
    Containers: 6,
    Images: 4,
    Driver: "overlayfs",
    CgroupVersion: "2",
    Warnings: ["WARNING: one id"],
  });
  expect(body.SecurityOptions).toEqual(["name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"]);
  expect(body.HttpProxy).toBe("http://xxxxx:xxxxx@proxy:8080");
});

test("infoWarnings() has a line for each thing that is missing", () => {
  const bare: HostFacts = { ...host, controllers: new Set(), swapLimit: false, seccomp: false, ipv4Forwarding: false };
  expect(infoWarnings(bare, false)).toHaveLength(9);
  expect(infoWarnings(bare, true)).toHaveLength(8);
  expect(infoWarnings(bare, false)[0]).toBe("WARNING: No memory limit support");
});

test("filesystemName() knows common ones", () => {
  expect(filesystemName(0xef53)).toBe("extfs");
  expect(filesystemName(-0x6edc97c2)).toBe("btrfs");
  expect(filesystemName(1)).toBe("0x1");
});

const started: EventInput = {
  type: "container",
  action: "start",
  id: "abcdef",
  attributes: { name: "web", image: "nginx:1", tier: "front" },
};
const checked: EventInput = { ...started, action: "health_status: healthy" };
const tagged: EventInput = { type: "image", action: "tag", id: "sha256:aa", attributes: { name: "nginx:1" } };

const filterCases: [Record<string, string[]>, EventInput, boolean][] = [
  [{}, started, true],
  [{ type: ["container"] }, started, true],
  [{ type: ["image"] }, started, false],
  [{ event: ["start"] }, started, true],
  [{ event: ["stop", "start"] }, started, true],
  [{ event: ["sta"] }, started, false],
  [{ event: ["health_status"] }, checked, true],
  [{ event: ["health_status: healthy"] }, checked, true],
  [{ event: ["health_status: unhealthy"] }, checked, false],
  [{ container: ["web"] }, started, true],
  [{ container: ["abc"] }, started, true],
  [{ container: ["x"] }, started, false],
  [{ container: ["nginx"] }, tagged, false],
  [{ image: ["nginx"] }, started, true],
  [{ image: ["nginx:1"] }, tagged, true],
  [{ image: ["ngin"] }, tagged, false],
  [{ image: ["sha256:aa"] }, tagged, true],
  [{ label: ["tier"] }, started, true],
  [{ label: ["tier=front", "nope"] }, started, false],
  [{ label: ["toString"] }, started, false],
  [{ scope: ["local"] }, started, true],
  [{ scope: ["swarm"] }, started, false],
  [{ volume: ["data"] }, started, false],
  [{ type: ["container"], event: ["stop"] }, started, false],
];

test.each(filterCases)("parseEventFilter(%j) decides", (filters, input, included) => {
  const events = createEvents();
  events.publish(input);
  const [event] = events.history();
  expect(event && parseEventFilter(new Map(Object.entries(filters)) as Filters)(event)).toBe(included);
});

const lines = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

test("handleEvents() flushes its head, then streams what happens until the client leaves", async () => {
  const events = createEvents();
  events.publish(started);
  const { request, seen, abort } = createTestRequest();
  const done = handleEvents(events, request);
  await Promise.resolve();
  expect(seen.flushed).toBe(true);
  events.publish(tagged);
  abort();
  await done;
  expect(lines(seen.text)).toMatchObject([
    { status: "tag", id: "sha256:aa", Type: "image", Action: "tag", scope: "local" },
  ]);
  expect(seen.ended).toBe(true);
});

test("handleEvents() replays the past, and ends at once with until in the past", async () => {
  const events = createEvents();
  events.publish(started);
  events.publish(tagged);
  const { request, seen } = createTestRequest(
    `since=1&until=0s&filters=${encodeURIComponent('{"type":["container"]}')}`,
  );
  await handleEvents(events, request, () => Date.now() + 1000);
  expect(lines(seen.text)).toMatchObject([{ Action: "start", from: "nginx:1" }]);
});

test("handleEvents() refuses unknown filters and times", async () => {
  for (const query of [`filters=${encodeURIComponent('{"nope":["x"]}')}`, "since=never"]) {
    const { request } = createTestRequest(query);
    await expect(handleEvents(createEvents(), request)).rejects.toThrow(/invalid filter|Cannot read the time/);
  }
});

test("handleDiskUsage() does only what was asked for", async () => {
  const refuse = () => {
    throw new Error("not asked for");
  };
  const deps = {
    images: {
      count: () => 1,
      usage: () => Promise.resolve({ summaries: [{ Id: "x" }], sizeBytes: 7, reclaimableBytes: 3 }),
      driver: "overlayfs",
      driverDetail: "",
    },
    containers: { counts: refuse, usage: refuse },
    volumes: { usage: refuse },
  };
  const { request, seen } = createTestRequest("type=image");
  await handleDiskUsage(deps, request);
  expect(JSON.parse(seen.text)).toEqual({
    LayersSize: 7,
    Images: [{ Id: "x" }],
    ImagesReclaimable: 3,
    Containers: null,
    Volumes: null,
    BuildCache: null,
  });
  await expect(handleDiskUsage(deps, createTestRequest("type=x").request)).rejects.toThrow("unknown object type: x");
});
