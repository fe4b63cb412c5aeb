/** The native engine: spares are prepared ahead, claimed, started with a plan, and found again after a restart. */
import { dirname, join } from "node:path";
import { errorText } from "../../base/errors.ts";
import { createShortId } from "../../base/ids.ts";
import type { Logger } from "../../base/log.ts";
import type { Adoption, Claim, Endpoint, Engine, NetworkRequest, RuntimeRecord, Workload } from "../engine.ts";
import type { WorkloadSpec } from "../spec.ts";
import { openStream } from "./attach.ts";
import { type CoreConnection, expectHello, openConnection, protocolError } from "./connection.ts";
import { readExitFile } from "./exit-file.ts";
import { failureMessage } from "./failure-message.ts";
import { cgroupWarnings } from "./plan-cgroup-limits.ts";
import { planPrepareCgroup } from "./plan-prepare.ts";
import { privilegeWarnings } from "./plan-process.ts";
import { type PlanFacts, planRun } from "./plan-run.ts";
import type { Exit, FailedFrame, NetPrepare } from "./protocol.ts";
import { createSparePool, type Spare, type SparePool } from "./spares.ts";
import { buryShim, removeCgroupParents, sweepRuntime } from "./sweep.ts";
import { createWorkload } from "./workload.ts";

/** What the engine needs of the network feature: a namespace's content, and the leases on its addresses. */
export type NetworkPort = {
  prepare(request: NetworkRequest): Promise<{ net: NetPrepare; endpoint: Endpoint | null }>;
  /** Lets go of the addresses. Idempotent. */
  release(endpoint: Endpoint): void;
};

export type NativeEngineDeps = {
  connect(): Promise<CoreConnection>;
  network: NetworkPort;
  facts: PlanFacts;
  home: string;
  runDir: string;
  /** Spares kept ready for `warmNetwork`. */
  spares: number;
  warmNetwork: NetworkRequest;
  logger: Logger;
};

export type NativeEngine = Engine &
  AsyncDisposable & {
    /** Fills the pool for the default network. */
    warm(): void;
    /** Makes a place ready for a network that is likely to be used soon. */
    warmNetwork(id: string): void;
    /** Ends what was made ready for the network. */
    drainNetwork(id: string): Promise<void>;
    ready(): Record<string, number>;
    /** Removes what a crash left of runtimes other than `alive`. */
    sweep(alive: ReadonlySet<string>): Promise<void>;
  };

type NativeSpare = Spare & {
  controlSocket: string;
  shimPid: number;
  holderPid: number;
  cgroupDirs: Record<string, string>;
  endpoint: Endpoint | null;
};

/** A shim serves its last readers after the exit; a stopping daemon waits for it no longer than this. */
const endingTimeoutMs = 2000;

export function createNativeEngine(deps: NativeEngineDeps): NativeEngine {
  const { connect, network, facts, home, runDir, logger } = deps;
  const cgroupParents = cgroupParentsOf(facts, home);
  const requests = new Map<string, NetworkRequest>();
  const keyOf = (request: NetworkRequest): string => {
    // A joined namespace is entered at the start: the spare itself has the host's and is like any other of that kind.
    const kept: NetworkRequest = request.kind === "join" ? { kind: "host" } : request;
    const key = kept.kind === "network" ? networkKey(kept.network) : kept.kind;
    requests.set(key, kept);
    return key;
  };

  const release = (endpoint: Endpoint | null): void => {
    if (endpoint) network.release(endpoint);
  };

  const make = async (request: NetworkRequest): Promise<NativeSpare> => {
    const id = createShortId();
    const controlSocket = join(runDir, `${id}.sock`);
    const { net, endpoint } = await network.prepare(request);
    try {
      const cgroup = planPrepareCgroup(facts.cgroups, home, id);
      const connection = await connect();
      try {
        connection.send({ t: "prepare", id, controlSocket, cgroup: cgroup.prepare, net });
        await expectHello(connection);
        const answer = await connection.receive();
        if (answer === null) throw protocolError("Cannot prepare a container: the native core closed the connection");
        if (answer.t === "failed") throw failureMessage(answer as unknown as FailedFrame);
        const pids = { shimPid: Number(answer["shimPid"]), holderPid: Number(answer["holderPid"]) };
        return { id, connection, controlSocket, ...pids, cgroupDirs: cgroup.dirs, endpoint };
      } catch (error) {
        connection[Symbol.dispose]();
        throw error;
      }
    } catch (error) {
      release(endpoint);
      throw error;
    }
  };

  const warmKey = keyOf(deps.warmNetwork);
  const pool: SparePool<NativeSpare> = createSparePool({
    make: (key) => make(requests.get(key) ?? { kind: "none" }),
    destroy(spare) {
      spare.connection[Symbol.dispose](); // the shim takes down what it made
      release(spare.endpoint);
    },
    base: (key) => (key === warmKey ? deps.spares : 0),
    onError: (key, error) => logger.log("warn", "engine.spare", { key, error: String(error) }),
  });

  const living = new Set<string>();
  /** Their exit is known, but their shims have not yet let go of cgroup and address. */
  const ending = new Set<string>();
  const open = (record: RuntimeRecord, connection: CoreConnection, timings: Record<string, number>): Workload => {
    living.add(record.runtimeId);
    const workload = createWorkload({
      ...{ record, connection, timings, cgroups: facts.cgroups, lookup: facts.lookupDevice },
      describe: (failed) => failureMessage(failed),
      onGone() {
        ending.add(record.runtimeId);
        void buryShim(record, logger)
          .finally(() => {
            living.delete(record.runtimeId);
            ending.delete(record.runtimeId);
            record.endpoints.forEach(release);
          })
          .catch((error: unknown) => logger.log("warn", "engine.release", { error: errorText(error) }));
      },
    });
    void workload.exited.then(() => {
      if (living.has(record.runtimeId)) ending.add(record.runtimeId);
    });
    return workload;
  };

  return {
    name: "native",
    canRun: () => ({ ok: true }),
    warnings: (resources, security) => [
      ...cgroupWarnings(facts.cgroups, resources),
      ...privilegeWarnings(security, facts),
    ],
    async claim(request, signal): Promise<Claim> {
      const wanted = request.kind === "network" && request.wishes !== undefined;
      const spare = wanted ? await make(request) : await pool.claim(keyOf(request), signal);
      let used = false;
      const abandon = (): void => {
        if (used) return;
        used = true;
        spare.connection[Symbol.dispose]();
        release(spare.endpoint);
      };
      return {
        endpoint: spare.endpoint,
        namespace: `/proc/${spare.holderPid}/ns/net`,
        abandon,
        attach: async (options, output) =>
          (await openStream(spare.controlSocket, { t: "attach", ...options }, (f) => failureMessage(f), output)).stream,
        async start(spec: WorkloadSpec) {
          try {
            const plan = planRun(spec, facts, spare.cgroupDirs);
            spare.connection.send({ t: "start", plan });
            const answer = await spare.connection.receive();
            if (answer === null) throw protocolError("Cannot start the container: its shim ended");
            if (answer.t === "failed") throw failureMessage(answer as unknown as FailedFrame, plan);
            used = true;
            const record: RuntimeRecord = {
              engine: "native",
              runtimeId: spare.id,
              controlSocket: spare.controlSocket,
              exitFile: spec.exitFile,
              pid: Number(answer["pid"]),
              shimPid: spare.shimPid,
              holderPid: spare.holderPid,
              startedAtMs: Date.now(),
              cgroupDirs: spare.cgroupDirs,
              endpoints: spare.endpoint ? [spare.endpoint] : [],
            };
            return open(record, spare.connection, answer["timings"] as Record<string, number>);
          } catch (error) {
            abandon();
            throw error;
          }
        },
      };
    },
    async adopt(record): Promise<Adoption> {
      try {
        const connection = await openConnection(record.controlSocket);
        connection.send({ t: "subscribe", seq: 0 });
        connection.send({ t: "state", seq: 0 });
        await expectHello(connection);
        await connection.receive(); // ok
        const state = await connection.receive();
        if (state?.t === "state" && state["phase"] === "running") {
          return {
            state: "running",
            workload: open(record, connection, {}),
          };
        }
        connection[Symbol.dispose]();
        if (state?.t === "state" && state["exit"]) return { state: "exited", exit: state["exit"] as Exit };
      } catch {
        // Nobody listens: the shim has ended. What it wrote decides.
      }
      const exit = readExitFile(record.exitFile);
      return exit === null ? { state: "lost" } : { state: "exited", exit };
    },
    warm: () => pool.warm(warmKey),
    warmNetwork: (id) => pool.warm(keyOf({ kind: "network", network: id }), 1),
    async drainNetwork(id) {
      await pool.drain(networkKey(id));
      requests.delete(networkKey(id));
    },
    ready: () => pool.ready(),
    sweep: (alive) => sweepRuntime({ cgroupParents, runDir, alive, logger }),
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      const deadline = Date.now() + endingTimeoutMs;
      while (ending.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
      await sweepRuntime({ cgroupParents, runDir, alive: living, logger });
      await removeCgroupParents(cgroupParents, living);
    },
  };
}

const networkKey = (id: string): string => `network:${id}`;

/** Our own directory in each hierarchy. */
function cgroupParentsOf(facts: PlanFacts, home: string): string[] {
  const { dirs } = planPrepareCgroup(facts.cgroups, home, "0");
  return [...new Set(Object.values(dirs).map((dir) => dirname(dir)))];
}
