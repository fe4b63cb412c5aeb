/** A running container as the daemon sees it: its control connection, and the kernel's files about its cgroup. */
import { writeFileSync } from "node:fs";
import { EngineError } from "../../base/errors.ts";
import type { DeviceLookup } from "../../security/index.ts";
import type { ExecHandle, RuntimeRecord, Workload } from "../engine.ts";
import { openStream } from "./attach.ts";
import type { CoreConnection, Frame } from "./connection.ts";
import { createControl } from "./control.ts";
import { readExitFile } from "./exit-file.ts";
import type { CgroupWrite } from "./plan.ts";
import { planCgroupUpdate, planFreeze } from "./plan-cgroup.ts";
import type { CgroupFacts } from "./plan-cgroup-facts.ts";
import type { Exit, FailedFrame } from "./protocol.ts";
import { readProcesses, readStats } from "./stats.ts";

export type WorkloadDeps = {
  record: RuntimeRecord;
  connection: CoreConnection;
  timings: Record<string, number>;
  cgroups: CgroupFacts;
  lookup: DeviceLookup;
  describe(failed: FailedFrame): EngineError;
  /** Called once after the exit, when the cgroup and the address may be given back. */
  onGone(): void;
};

export function createWorkload({
  record,
  connection,
  timings,
  cgroups,
  lookup,
  describe,
  onGone,
}: WorkloadDeps): Workload {
  const oomListeners = new Set<() => void>();
  const execExits = new Map<string, (code: number) => void>();
  const exit = Promise.withResolvers<Exit>();

  const onEvent = (frame: Frame): void => {
    if (frame.t === "exited") exit.resolve(frame["exit"] as Exit);
    else if (frame.t === "oom") for (const listener of [...oomListeners]) listener();
    else if (frame.t === "execExited") {
      const id = String(frame["execId"]);
      execExits.get(id)?.(Number(frame["exitCode"]));
      execExits.delete(id);
    }
  };
  const control = createControl(connection, onEvent, describe);
  void control.closed.then(() => {
    // The shim writes the exit before it closes; without one it was killed, and the kernel killed the container.
    exit.resolve(readExitFile(record.exitFile) ?? shimKilled());
    for (const finish of execExits.values()) finish(137);
    execExits.clear();
    onGone();
  });

  const apply = ({ path, value, optional }: CgroupWrite): void => {
    try {
      writeFileSync(path, value);
    } catch (error) {
      if (!optional) throw describe(cgroupFailure(path, error));
    }
  };
  const freeze = (frozen: boolean): void => {
    const write = planFreeze(record.cgroupDirs, frozen);
    if (write === null) throw cannotFreeze();
    apply(write);
  };

  return {
    record,
    namespace: `/proc/${record.holderPid}/ns/net`,
    timings,
    exited: exit.promise,
    onOom(listener) {
      oomListeners.add(listener);
      return { [Symbol.dispose]: () => void oomListeners.delete(listener) };
    },
    attach: async (options, output) =>
      (await openStream(record.controlSocket, { t: "attach", ...options }, describe, output)).stream,
    signal: async (signo) => void (await control.request({ t: "signal", signo })),
    resize: async (size) => void (await control.request({ t: "resize", ...size })),
    async exec(execId, process, stdio, attach, output): Promise<ExecHandle> {
      const exited = Promise.withResolvers<number>();
      execExits.set(execId, exited.resolve);
      const handle = (pid: number, stream: ExecHandle["stream"]): ExecHandle => ({
        pid,
        stream,
        exited: exited.promise,
        resize: async (size) => void (await control.request({ t: "resize", execId, ...size })),
      });
      try {
        if (attach === null) {
          const answer = await control.request({ t: "exec", execId, process, stdio });
          return handle(Number(answer["pid"]), null);
        }
        const request = { t: "exec" as const, execId, process, stdio, attach };
        const { answer, stream } = await openStream(record.controlSocket, request, describe, output);
        return handle(Number(answer["pid"]), stream);
      } catch (error) {
        execExits.delete(execId);
        throw error;
      }
    },
    pause: async () => freeze(true),
    resume: async () => freeze(false),
    async update(resources) {
      for (const write of planCgroupUpdate({ facts: cgroups, dirs: record.cgroupDirs, resources, lookup }))
        apply(write);
    },
    stats: () => readStats(record),
    processes: () => readProcesses(record),
  };
}

function cgroupFailure(path: string, error: unknown): FailedFrame {
  const errno = (error as { errno?: number }).errno ?? 0;
  return { t: "failed", step: "cgroup_write", errno: Math.abs(errno), path };
}

function shimKilled(): Exit {
  return {
    code: 137,
    signal: 9,
    oomKilled: false,
    finishedAtNs: Date.now() * 1e6,
    error: "the container's shim was killed, and the container with it",
  };
}

function cannotFreeze(): EngineError {
  return new EngineError({
    code: "native.no_freezer",
    kind: "unsupported",
    message: "Cannot pause the container: it has no cgroup that can stop its processes",
    hint: "`hbx doctor` says what this host's cgroups allow",
  });
}
