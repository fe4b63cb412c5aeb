/** An engine without a kernel: workloads live until a test, a signal or their own command ends them. */
import { constants } from "node:os";
import { Duplex, PassThrough } from "node:stream";
import { EngineError } from "../../base/errors.ts";
import type {
  Adoption,
  Engine,
  ExecHandle,
  NetworkRequest,
  RuntimeRecord,
  Workload,
  WorkloadStats,
} from "../../engines/engine.ts";
import type { ProcessPlan } from "../../engines/native/plan.ts";
import type { AttachOptions, Exit } from "../../engines/native/protocol.ts";
import type { Resources, WorkloadSpec } from "../../engines/spec.ts";

export type FakeWorkload = Workload & {
  readonly spec: WorkloadSpec;
  readonly signals: number[];
  readonly input: string[];
  readonly updates: Resources[];
  readonly sizes: { rows: number; cols: number }[];
  paused: boolean;
  /** Null while it runs. */
  exit: Exit | null;
  /** Writes to every attached client, multiplexed unless it has a terminal. */
  print(text: string): void;
  oom(): void;
  end(code: number, more?: Partial<Exit>): void;
};

export type FakeExec = { id: string; process: ProcessPlan; output: PassThrough; end(code: number): void };

export type FakeEngine = Engine & {
  readonly workloads: FakeWorkload[];
  readonly requests: NetworkRequest[];
  readonly execs: FakeExec[];
  abandoned: number;
  /** The next start fails so. */
  failNext: EngineError | null;
  /** Signals that end a workload; others are only noted. */
  fatal: Set<number>;
  adoption: (record: RuntimeRecord) => Adoption;
};

export const startFailure = (step: string, errno: number) =>
  new EngineError({
    kind: "internal",
    code: "engine.start",
    message: `Cannot start: ${step} failed`,
    details: { step, errno },
  });

export function createFakeEngine(): FakeEngine {
  let count = 0;
  const engine: FakeEngine = {
    name: "native",
    workloads: [],
    requests: [],
    execs: [],
    abandoned: 0,
    failNext: null,
    fatal: new Set([9, 15]),
    adoption: (record) => findAgain(engine, record),
    canRun: () => ({ ok: true }),
    warnings: ({ cpuShares }) => (cpuShares ? ["No CPU limit here."] : []),
    adopt: async (record) => engine.adoption(record),
    async claim(network, signal) {
      signal.throwIfAborted();
      engine.requests.push(network);
      const attached: Attached[] = [];
      let gone = false;
      const endpoint =
        network.kind === "network"
          ? {
              network: network.network.replace("id-of-", ""),
              networkId: network.network,
              interface: "eth0",
              hostInterface: "hbxtest0",
              address: "172.30.0.2",
              prefixLength: 16,
              gateway: "172.30.0.1",
              mac: network.wishes?.mac ?? "02:42:ac:1e:00:02",
              address6: "",
              prefixLength6: 0,
              gateway6: "",
            }
          : null;
      return {
        endpoint,
        namespace: "/proc/1/ns/net",
        attach: async (options) => openStream(attached, options),
        async start(spec) {
          const failure = engine.failNext ?? missing(spec.process.args);
          engine.failNext = null;
          if (failure) {
            for (const { output } of attached) output.end();
            throw failure;
          }
          const pid = 100_000 + ++count;
          const workload = createWorkload(engine, spec, attached, {
            engine: "native",
            runtimeId: `fake${count}`,
            controlSocket: "",
            exitFile: spec.exitFile,
            pid,
            shimPid: pid + 1_000_000,
            holderPid: pid + 2_000_000,
            startedAtMs: Date.now(),
            cgroupDirs: {},
            endpoints: endpoint ? [endpoint] : [],
          });
          engine.workloads.push(workload);
          runCommand(workload);
          return workload;
        },
        abandon() {
          if (gone) return;
          gone = true;
          engine.abandoned++;
          for (const { output } of attached) output.end();
        },
      };
    },
  };
  return engine;
}

/** A workload of this engine, as a later daemon would find it. */
function findAgain({ workloads }: FakeEngine, { runtimeId }: RuntimeRecord): Adoption {
  const workload = workloads.find(({ record }) => record.runtimeId === runtimeId);
  if (!workload) return { state: "lost" };
  return workload.exit ? { state: "exited", exit: workload.exit } : { state: "running", workload };
}

const missing = ([command]: readonly string[]) =>
  command === "missing" ? startFailure("exec", constants.errno.ENOENT) : null;

/** `true`, `exit N` and `echo words` do what they say, `cat` copies its input, `missing` is not there; anything else stays. */
function runCommand(workload: FakeWorkload): void {
  const [command, ...rest] = workload.spec.process.args;
  if (command === "true") queueMicrotask(() => workload.end(0));
  if (command === "exit") queueMicrotask(() => workload.end(Number(rest[0])));
  if (command !== "echo") return;
  workload.print(`${rest.join(" ")}\n`);
  queueMicrotask(() => workload.end(0));
}

type Attached = { options: AttachOptions; output: PassThrough };

function openStream(
  attached: Attached[],
  options: AttachOptions,
  onInput: (text: string) => void = () => undefined,
): Duplex {
  const output = new PassThrough();
  const input = new PassThrough();
  input.on("data", (chunk: Buffer) => onInput(chunk.toString()));
  attached.push({ options, output });
  return Duplex.from({ readable: output, writable: input });
}

const noStats: Omit<WorkloadStats, "readAtMs"> = {
  cpuTotalNs: 5_000_000,
  cpuUserNs: 3_000_000,
  cpuKernelNs: 2_000_000,
  perCpuNs: [4_000_000, 1_000_000],
  throttledPeriods: 0,
  periods: 0,
  throttledNs: 0,
  memoryUsage: 4096,
  memoryMaxUsage: 8192,
  memoryLimit: 1 << 30,
  memoryFailures: 0,
  memoryStat: { cache: 0, rss: 4096 },
  pidsCurrent: 1,
  pidsLimit: 0,
  blkio: [],
  networks: {},
};

export function createWorkload(
  engine: FakeEngine,
  spec: WorkloadSpec,
  attached: Attached[],
  record: RuntimeRecord,
): FakeWorkload {
  const exit = Promise.withResolvers<Exit>();
  const oomListeners = new Set<() => void>();
  const held: string[] = [];
  const release = () => {
    for (const text of held.splice(0)) workload.print(text);
  };
  const workload: FakeWorkload = {
    record,
    namespace: "/proc/1/ns/net",
    spec,
    timings: {},
    signals: [],
    input: [],
    updates: [],
    sizes: [],
    paused: false,
    exit: null,
    exited: exit.promise,
    onOom(listener) {
      oomListeners.add(listener);
      return { [Symbol.dispose]: () => void oomListeners.delete(listener) };
    },
    attach: async (options) =>
      openStream(attached, options, (text) => {
        workload.input.push(text);
        if (spec.process.args[0] !== "cat") return;
        held.push(text);
        if (!workload.paused) release();
      }),
    async signal(signo) {
      workload.signals.push(signo);
      if (engine.fatal.has(signo)) workload.end(128 + signo, { signal: signo });
    },
    async resize(size) {
      workload.sizes.push(size);
    },
    async exec(execId, process, _stdio, attach): Promise<ExecHandle> {
      const failure = engine.failNext ?? missing(process.args);
      engine.failNext = null;
      if (failure) throw failure;
      const output = new PassThrough();
      const exited = Promise.withResolvers<number>();
      const end = (code: number) => {
        output.end();
        exited.resolve(code);
      };
      engine.execs.push({ id: execId, process, output, end });
      const stream = attach ? Duplex.from({ readable: output, writable: new PassThrough().resume() }) : null;
      const [command, ...rest] = process.args;
      if (command === "echo") output.write(`${rest.join(" ")}\n`);
      if (command === "echo" || command === "exit") queueMicrotask(() => end(command === "exit" ? Number(rest[0]) : 0));
      return { pid: 4242, stream, exited: exited.promise, resize: async () => undefined };
    },
    async pause() {
      workload.paused = true;
    },
    async resume() {
      workload.paused = false;
      release();
    },
    async update(resources) {
      workload.updates.push(resources);
    },
    stats: () => {
      const limits = [spec.resources, ...workload.updates].map(({ memory }) => memory).filter(Boolean);
      return { ...noStats, memoryLimit: limits.at(-1) ?? noStats.memoryLimit, readAtMs: Date.now() };
    },
    processes: () => [record.pid],
    print(text) {
      const payload = Buffer.from(text);
      const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
      header.writeUInt32BE(payload.length, 4);
      for (const { options, output } of attached)
        output.write(options.mux ? Buffer.concat([header, payload]) : payload);
    },
    oom() {
      for (const listener of oomListeners) listener();
    },
    end(code, more = {}) {
      for (const { output } of attached) output.end();
      workload.exit ??= { code, oomKilled: false, finishedAtNs: Date.now() * 1e6, ...more };
      exit.resolve(workload.exit);
    },
  };
  return workload;
}
