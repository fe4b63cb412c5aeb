import { beforeEach, expect, test } from "bun:test";
import type { JobFrame, NamesRequest } from "../../engines/index.ts";
import { createNameService, type NameControl } from "./create-name-service.ts";
import { namedEndpoint } from "./test-support.ts";

/** A service that remembers what it was told, and can die. */
type Fake = { alive: boolean; keys: Set<string>; told: NamesRequest[]; die(): void };
let fake: Fake;
let jobs: JobFrame[];
let logged: string[];

const ids = (jobs: JobFrame[]) =>
  jobs.map((job) => (job.t === "nameSockets" ? `sockets ${job.names.key} ${job.pid}` : job.t));

beforeEach(() => {
  fake = { alive: false, keys: new Set(), told: [], die: () => undefined };
  jobs = [];
  logged = [];
});

function open() {
  const run = async (job: JobFrame) => {
    jobs.push(job);
    if (job.t === "nameService") fake.alive = true;
    if (job.t === "nameSockets") fake.keys.add(job.names.key);
  };
  const connect = async (): Promise<NameControl> => {
    if (!fake.alive) throw new Error("nobody there");
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    fake.die = () => {
      fake.alive = false;
      fake.keys.clear();
      resolve();
    };
    const request = async (frame: NamesRequest) => {
      if (!fake.alive) throw new Error("gone");
      fake.told.push(frame);
      return frame.t === "state" ? { keys: [...fake.keys] } : {};
    };
    return { closed, request, [Symbol.dispose]: resolve };
  };
  const logger = { log: (_level: string, event: string) => void logged.push(event) };
  return createNameService({ jobs: { run }, connect, socketPath: "/run/dns", resolvConf: "/etc/resolv.conf", logger });
}

const last = () => {
  const frame = fake.told.filter(({ t }) => t === "names").at(-1);
  if (frame?.t !== "names") throw new Error("nothing was told");
  return frame;
};

test("endpointAdded() starts the service once, hands sockets over and tells the names", async () => {
  using service = open();
  await Promise.all([
    service.endpointAdded(namedEndpoint()),
    service.endpointAdded(namedEndpoint({ containerId: "b".repeat(16), namespace: "/proc/43/ns/net" })),
  ]);
  expect(jobs.filter(({ t }) => t === "nameService")).toHaveLength(1);
  expect(ids(jobs).slice(1).sort()).toEqual([`sockets 0123456789abcdef 42`, `sockets ${"b".repeat(16)} 43`]);
  expect(
    fake.told.flatMap((frame) => (frame.t === "names" ? (frame.join ?? []) : [])).map(({ network }) => network),
  ).toContain("n1");
  await service.endpointAdded(namedEndpoint({ networkId: "n2" }));
  expect(ids(jobs)).toHaveLength(3);
  expect(last().askers).toMatchObject([{ networks: ["n1", "n2"], forward: true }]);
});

test("endpointAdded() leaves containers of the default bridge alone", async () => {
  using service = open();
  await service.endpointAdded(namedEndpoint({ defaultBridge: true }));
  expect(jobs).toEqual([]);
});

test("a container that was started again gets new sockets", async () => {
  using service = open();
  await service.endpointAdded(namedEndpoint());
  service.endpointRemoved("0123456789abcdef", "n1");
  expect(last().leave).toEqual([{ network: "n1", key: "0123456789abcdef" }]);
  await service.endpointAdded(namedEndpoint({ namespace: "/proc/77/ns/net" }));
  expect(ids(jobs).at(-1)).toBe("sockets 0123456789abcdef 77");
  service.endpointRemoved("0123456789abcdef", "n1");
  service.endpointRemoved("0123456789abcdef", "n1");
});

test("a service that an earlier daemon left is taken over with its sockets", async () => {
  fake.alive = true;
  fake.keys.add("0123456789abcdef");
  using service = open();
  await service.endpointAdded(namedEndpoint());
  expect(jobs).toEqual([]);
  expect(last().fresh).toBeUndefined();
});

test("a service that dies is started again with all it knew", async () => {
  using service = open();
  await service.endpointAdded(namedEndpoint());
  jobs = [];
  fake.told = [];
  fake.die();
  // The next one waits for the restart that is under way.
  await Promise.resolve();
  await service.endpointAdded(namedEndpoint({ networkId: "n2" }));
  expect(ids(jobs)).toEqual(["nameService", "sockets 0123456789abcdef 42"]);
  expect(last().join?.map(({ network }) => network)).toEqual(["n1", "n2"]);
  expect(logged).toEqual(["names.lost"]);
});
