/** The feature over fakes, as an object or behind a real HTTP server on a socket in a temporary directory. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiServer } from "../../api/server.ts";
import { EngineError } from "../../base/errors.ts";
import { createLogger } from "../../base/log.ts";
import type { EngineEvent } from "../../state/events.ts";
import { createEvents, openDatabase } from "../../state/index.ts";
import type { Clock, ImageProvider, NetworkProvider, VolumeProvider } from "../dependencies.ts";
import { createContainers } from "../feature.ts";
import type { ImageConfig } from "../schema/image-config.ts";
import { createFakeEngine, type FakeEngine } from "./fake-engine.ts";

export const imageId = `sha256:${"ab".repeat(32)}`;
const realClock: Clock = {
  nowMs: Date.now,
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

function createFakeImages(config: ImageConfig) {
  const holders = new Set<string>();
  const image = { id: imageId, config, layers: { lowers: ["/layers/base"] }, sizeBytes: 1000 };
  const provider: ImageProvider = {
    resolve(reference) {
      if (reference === "base" || reference === imageId) return image;
      throw new EngineError({ kind: "not_found", code: "image.not_found", message: `No such image: ${reference}` });
    },
    byId: () => image,
    hold: (_id, container) => void holders.add(container),
    release: (_id, container) => void holders.delete(container),
  };
  return { ...provider, holders };
}

function createFakeVolumes() {
  const holders = new Map<string, Set<string>>();
  const removed: string[] = [];
  let anonymous = 0;
  const provider: VolumeProvider = {
    ensure: ({ name, driver }) => {
      const found = name ?? `anonymous${++anonymous}`;
      return { name: found, driver: driver || "local", path: `/volumes/${found}/_data` };
    },
    copyUp: async () => undefined,
    hold: (name, container) => void (holders.get(name) ?? holders.set(name, new Set()).get(name))?.add(container),
    release: (name, container) => void holders.get(name)?.delete(container),
    removeAnonymous: async (name) => void removed.push(name),
  };
  return { ...provider, holders, removed };
}

/** There are the predefined networks and `other`. */
function known(name: string): string {
  if (["bridge", "host", "none", "other"].includes(name)) return name;
  throw new EngineError({ kind: "not_found", code: "network.not_found", message: `network ${name} not found` });
}

function createFakeNetworks(noNetwork?: string) {
  const published = new Map<string, object>();
  const provider: NetworkProvider = {
    plan(mode, wanted, none) {
      for (const name of [mode, ...Object.keys(wanted)]) known(name);
      return Object.entries({ [mode]: none, ...wanted });
    },
    planConnect: (ref) => known(ref),
    request: (mode) => ({ kind: "network", network: `id-of-${known(mode)}` }),
    nameOf: known,
    endpointId: (network, id) => `${network} ${id}`,
    hasNames: (name) => name === "other",
    canPublish: () => true,
    async attach(name, _settings, _namespace, used) {
      const [first] = used;
      if (!first) throw new Error("nothing to attach to");
      const number = used.length;
      return {
        ...first,
        ...{ network: name, networkId: `id-of-${name}`, interface: `eth${number}`, address: `172.3${number}.0.2` },
      };
    },
    detach: async () => undefined,
    attachAgain: async () => undefined,
    release: () => undefined,
    route: async () => undefined,
    announce: async () => undefined,
    announceAgain: async () => undefined,
    withdraw: () => undefined,
    default: noNetwork === undefined ? { mode: "bridge", without: null } : { mode: "none", without: noNetwork },
    networkId: (name) => `id-of-${name}`,
    files: ({ hostname, endpoints }) => ({
      hostname: `${hostname}\n`,
      hosts: `${endpoints[0]?.address ?? ""}\n`,
      resolvConf: "",
    }),
    async publish(id, _endpoints, _priorities, ports) {
      const real = Object.fromEntries(
        Object.keys(ports).map((port) => [port, [{ HostIp: "0.0.0.0", HostPort: "32768" }]]),
      );
      published.set(id, real);
      return real;
    },
    unpublish: async (id) => void published.delete(id),
  };
  return { ...provider, published };
}

export type HarnessOptions = {
  clock?: Clock;
  imageConfig?: ImageConfig;
  home?: string;
  /** Why the default network is none; a bridge without it. */
  noNetwork?: string;
  adoption?: FakeEngine["adoption"];
};

export async function createHarness({
  clock = realClock,
  imageConfig = {},
  home: given,
  noNetwork,
  adoption,
}: HarnessOptions = {}) {
  const home = given ?? mkdtempSync(join(tmpdir(), "hbx-containers-"));
  const db = openDatabase(join(home, "state.db"));
  const events = createEvents();
  const seen: EngineEvent[] = [];
  events.subscribe((event) => void seen.push(event));
  const engine = createFakeEngine();
  if (adoption) engine.adoption = adoption;
  const images = createFakeImages({ Cmd: ["sleep"], Env: ["PATH=/bin"], ...imageConfig });
  const volumes = createFakeVolumes();
  const networks = createFakeNetworks(noNetwork);
  const jobFrames: unknown[] = [];
  let jobFailure: EngineError | null = null;
  const log: string[] = [];
  const logger = createLogger((line) => void log.push(line), "debug");
  const containers = createContainers({
    db,
    events,
    engine,
    images,
    volumes,
    networks,
    jobs: {
      async run(frame) {
        jobFrames.push(frame);
        const failure = jobFailure;
        jobFailure = null;
        if (failure) throw failure;
        return { sizeBytes: 7, name: "etc", mode: 0o755, mtimeNs: 0, linkTarget: "" };
      },
      async *stream(frame) {
        jobFrames.push(frame);
        yield Buffer.from("tar");
      },
    },
    planProcess: ({ args, env, cwd, user, groups }) => ({
      ...{ args: [...args], env: [...env], cwd, createCwd: false, user, groups: [...groups] },
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
      noNewPrivileges: false,
      rlimits: [],
    }),
    home,
    logger,
    clock,
    soleOwner: null,
    defaults: { logMaxBytes: 1 << 20, logMaxFiles: 3, stopTimeoutSec: 10, shmSizeBytes: 64 << 20 },
  });
  await containers.adopt();
  const server = createApiServer(containers.routes, logger);
  const socket = join(home, "api.sock");
  await server.listen(socket);
  const fetchUnix = (path: string, init: RequestInit = {}) =>
    fetch(`http://d/v1.51${path}`, { ...init, unix: socket } as RequestInit);
  return {
    ...{ home, db, engine, images, volumes, networks, containers, jobFrames, log, socket, fetchUnix },
    /** The next job fails so. */
    failJob(error: EngineError): void {
      jobFailure = error;
    },
    /** Actions so far, such as `create`, `die`. */
    actions: () => seen.map(({ Action }) => Action),
    events: seen,
    async call(method: string, path: string, body?: unknown) {
      const init: RequestInit = { method };
      if (body !== undefined)
        Object.assign(init, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
      const response = await fetchUnix(path, init);
      const text = await response.text();
      // Bodies differ from one endpoint to the next; tests look into them by path.
      const json = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
      return { status: response.status, json, headers: response.headers };
    },
    async create(body: Record<string, unknown> = {}, name?: string): Promise<string> {
      const { status, json } = await this.call("POST", `/containers/create${name ? `?name=${name}` : ""}`, {
        Image: "base",
        ...body,
      });
      if (status !== 201) throw new Error(`create answered ${status}: ${JSON.stringify(json)}`);
      return json.Id;
    },
    /** Sends an upgrade request; resolves with the socket after the 101. */
    upgrade(path: string, body = ""): Promise<{ socket: Socket; rest: () => Promise<string> }> {
      return upgrade(socket, path, body);
    },
    async close(keepHome = false) {
      await server[Symbol.asyncDispose]();
      await containers[Symbol.asyncDispose]();
      db[Symbol.dispose]();
      if (!keepHome) rmSync(home, { recursive: true, force: true });
    },
  };
}

export type Harness = Awaited<ReturnType<typeof createHarness>>;

function upgrade(path: string, url: string, body: string): Promise<{ socket: Socket; rest: () => Promise<string> }> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let seen = "";
    let ended: (() => void) | null = null;
    let closed = false;
    const finish = () => {
      closed = true;
      ended?.();
    };
    const after = () => seen.slice(seen.indexOf("\r\n\r\n") + 4);
    const rest = () =>
      new Promise<string>((done) => {
        ended = () => done(after());
        if (closed) ended();
      });
    let open = false;
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1");
      if (!open && seen.includes("\r\n\r\n")) {
        open = true;
        resolve({ socket, rest });
      }
    });
    socket.on("end", finish);
    socket.on("close", finish);
    socket.on("error", reject);
    const type = body === "" ? "" : "Content-Type: application/json\r\n";
    socket.write(
      `POST /v1.51${url} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
}
