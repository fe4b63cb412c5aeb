/** A running container as the daemon sees it: its control connection, and the kernel's files about its cgroup. */
import { writeFileSync } from "node:fs";
import type { EngineError } from "../../base/errors.ts";
import type { ExecHandle, RuntimeRecord, Workload } from "../engine.ts";
import { openStream } from "./attach.ts";
import { type CgroupFacts, freezeWrite, planCgroupUpdate } from "./cgroup-port.ts";
import type { CoreConnection, Frame } from "./connection.ts";
import { createControl } from "./control.ts";
import { readExitFile } from "./exit-file.ts";
import type { Exit, FailedFrame } from "./protocol.ts";
import { readProcesses, readStats } from "./stats.ts";

export type WorkloadDeps = {
  record: RuntimeRecord;
  connection: CoreConnection;
  timings: Record<string, number>;
  facts: CgroupFacts;
  describe(failed: FailedFrame): EngineError;
  /** Called once after the exit, when the cgroup and the address may be given back. */
  onGone(): void;
};

export function createWorkload({ record, connection, timings, facts, describe, onGone }: WorkloadDeps): Workload {
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

  return {
    record,
    timings,
    exited: exit.promise,
    onOom(listener) {
      oomListeners.add(listener);
      return { [Symbol.dispose]: () => void oomListeners.delete(listener) };
    },
    attach: async (options) => (await openStream(record.controlSocket, { t: "attach", ...options }, describe)).stream,
    signal: async (signo) => void (await control.request({ t: "signal", signo })),
    resize: async (size) => void (await control.request({ t: "resize", ...size })),
    async exec(execId, process, stdio, attach): Promise<ExecHandle> {
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
        const { answer, stream } = await openStream(record.controlSocket, request, describe);
        return handle(Number(answer["pid"]), stream);
      } catch (error) {
        execExits.delete(execId);
        throw error;
      }
    },
    pause: async () => freezeWrite(record.cgroupDirs, true),
    resume: async () => freezeWrite(record.cgroupDirs, false),
    async update(resources) {
      const writes = planCgroupUpdate(resources, record, facts);
      for (const { path, value, optional } of writes) {
        try {
          writeFileSync(path, value);
        } catch (error) {
          if (!optional) throw describe(cgroupFailure(path, error));
        }
      }
    },
    stats: () => readStats(record),
    processes: () => readProcesses(record),
  };
}

function cgroupFailure(path: string, error: unknown): FailedFrame {
  const errno = (error as { errno?: number }).errno ?? 0;
  return { t: "failed", step: "cgroup", errno: Math.abs(errno), path };
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
