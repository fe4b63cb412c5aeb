/** What every engine must do. An implementation calls `engineConformance` from a test file of its own, with a lab to run it in. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Duplex } from "node:stream";
import { EngineError } from "../base/errors.ts";
import type { Engine, ProcessPlan, Workload, WorkloadSpec } from "./index.ts";

/** What a program does: the lab turns it into arguments that its engine can run. */
export type Program =
  | { does: "exit"; code: number }
  | { does: "print"; text: string }
  /** Copies its input to its output. */
  | { does: "copy" }
  | { does: "stay" }
  /** Cannot be started. */
  | { does: "not exist" };

export type EngineLab = AsyncDisposable & {
  engine: Engine;
  /** A fresh workload; `copy` keeps its input open. */
  spec(program: Program): WorkloadSpec;
  process(program: Program): ProcessPlan;
};

export type Case =
  | "exit codes"
  | "output"
  | "input"
  | "exec"
  | "signal"
  | "pause"
  | "update"
  | "stats"
  | "adopt"
  | "abandon"
  | "failure";

const all = { stdin: true, stdout: true, stderr: true, mux: false };
const noStdio = { tty: false, rows: 0, cols: 0, openStdin: false, stdinOnce: false };
const sigkill = 9;

async function collect(stream: Duplex): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** Resolves when the stream has brought so much text. */
function receive(stream: Duplex, length: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  const onData = (chunk: Buffer): void => {
    text += String(chunk);
    if (text.length < length) return;
    stream.off("data", onData);
    resolve(text);
  };
  stream.on("data", onData);
  return promise;
}

/** `skipped` needs a reason for each case. */
export function engineConformance(
  name: string,
  openLab: () => Promise<EngineLab>,
  skipped: Partial<Record<Case, string>> = {},
): void {
  describe(`${name} as an engine`, () => {
    let lab: EngineLab;
    beforeAll(async () => {
      lab = await openLab();
    });
    afterAll(() => lab[Symbol.asyncDispose]());

    const check = (title: Case, does: string, run: () => Promise<void>): void => {
      const reason = skipped[title];
      if (reason === undefined) test(`${title}: ${does}`, run);
      else test.skip(`${title}: ${does} (skipped: ${reason})`, run);
    };
    const claim = () => lab.engine.claim({ kind: "none" }, new AbortController().signal);
    const start = async (program: Program): Promise<Workload> => (await claim()).start(lab.spec(program));
    const kill = async (workload: Workload): Promise<void> => {
      await workload.signal(sigkill);
      await workload.exited;
    };

    check("exit codes", "are those of the program", async () => {
      for (const code of [0, 3]) {
        const before = Date.now();
        const exit = await (await start({ does: "exit", code })).exited;
        expect(exit).toMatchObject({ code, oomKilled: false });
        expect(Number(exit.finishedAtNs) / 1e6).toBeGreaterThan(before - 1000);
      }
    });

    check("output", "reaches whom attached before the start, whole, framed if asked", async () => {
      const claimed = await claim();
      const [raw, framed] = await Promise.all([claimed.attach(all), claimed.attach({ ...all, mux: true })]);
      const texts = Promise.all([collect(raw), collect(framed)]);
      const workload = await claimed.start(lab.spec({ does: "print", text: "hello" }));
      expect(await texts).toEqual(["hello\n", "\u0001\0\0\0\0\0\0\u0006hello\n"]);
      expect((await workload.exited).code).toBe(0);
    });

    check("input", "reaches the program from whom attached after the start", async () => {
      const workload = await start({ does: "copy" });
      const stream = await workload.attach(all);
      const answer = receive(stream, 4);
      stream.write("ping");
      expect(await answer).toBe("ping");
      stream.end();
      await kill(workload);
    });

    check("exec", "has its own output and exit code, and fails by itself", async () => {
      const workload = await start({ does: "stay" });
      const attach = { ...all, stdin: false };
      const printing = await workload.exec("e1", lab.process({ does: "print", text: "inside" }), noStdio, attach);
      expect(await collect(printing.stream as Duplex)).toBe("inside\n");
      expect(await printing.exited).toBe(0);
      const failing = await workload.exec("e2", lab.process({ does: "exit", code: 7 }), noStdio, null);
      expect(failing.stream).toBeNull();
      expect(await failing.exited).toBe(7);
      const missing = workload.exec("e3", lab.process({ does: "not exist" }), noStdio, null);
      expect(await missing.catch((error: unknown) => error)).toBeInstanceOf(EngineError);
      expect(workload.processes()).toContain(workload.record.pid);
      await kill(workload);
    });

    check("signal", "ends the workload with 128 + n and the signal's number", async () => {
      const workload = await start({ does: "stay" });
      await workload.signal(sigkill);
      expect(await workload.exited).toMatchObject({ code: 137, signal: sigkill, oomKilled: false });
    });

    check("pause", "holds the workload still until it is resumed", async () => {
      const workload = await start({ does: "copy" });
      const stream = await workload.attach(all);
      await workload.pause();
      const answer = receive(stream, 4);
      stream.write("ping");
      const early = await Promise.race([answer, Bun.sleep(50).then(() => "held")]);
      expect(early).toBe("held");
      await workload.resume();
      expect(await answer).toBe("ping");
      stream.end();
      await kill(workload);
    });

    check("update", "changes limits of a running workload", async () => {
      const workload = await start({ does: "stay" });
      const limit = 64 * 1024 * 1024;
      await workload.update({ memory: limit });
      expect(workload.stats().memoryLimit).toBe(limit);
      await workload.update({ memory: limit * 2 });
      expect(workload.stats().memoryLimit).toBe(limit * 2);
      await kill(workload);
    });

    check("stats", "count what runs, and name init first", async () => {
      const before = Date.now();
      const workload = await start({ does: "stay" });
      const stats = workload.stats();
      expect(stats.readAtMs).toBeGreaterThanOrEqual(before);
      expect(stats.pidsCurrent).toBeGreaterThanOrEqual(1);
      expect(stats.memoryUsage).toBeGreaterThan(0);
      expect(workload.processes()[0]).toBe(workload.record.pid);
      await kill(workload);
    });

    check("adopt", "finds what runs, what ended, and nothing of what never was", async () => {
      const first = await start({ does: "stay" });
      const record = JSON.parse(JSON.stringify(first.record));
      const found = await lab.engine.adopt(record);
      if (found.state !== "running") throw new Error(`a running workload was ${found.state}`);
      expect(found.workload.record).toEqual(record);
      await found.workload.signal(sigkill);
      expect((await found.workload.exited).code).toBe(137);
      expect((await first.exited).code).toBe(137);
      expect(await lab.engine.adopt(record)).toMatchObject({ state: "exited", exit: { code: 137, signal: sigkill } });
      const never = { ...record, runtimeId: "never", controlSocket: "/never", exitFile: "/never" };
      expect(await lab.engine.adopt(never)).toEqual({ state: "lost" });
    });

    check("abandon", "ends attached streams, is idempotent, and forbids nothing to the next claim", async () => {
      const claimed = await claim();
      const output = collect(await claimed.attach(all)).catch(() => "");
      claimed.abandon();
      claimed.abandon();
      expect(await output).toBe("");
      expect((await (await start({ does: "exit", code: 0 })).exited).code).toBe(0);
    });

    check("failure", "of a start is an EngineError that says what and why; the claim is gone", async () => {
      const claimed = await claim();
      const output = collect(await claimed.attach(all)).catch(() => "");
      const error = await claimed.start(lab.spec({ does: "not exist" })).catch((thrown: unknown) => thrown);
      if (!(error instanceof EngineError)) throw new Error(`a failed start gave ${String(error)}`);
      expect(error.message).toMatch(/^Cannot .+: .+/);
      expect(error.details).toMatchObject({ errno: 2 });
      expect(await output).toBe("");
      claimed.abandon();
    });

    check("failure", "of a claim comes when its signal was aborted", async () => {
      const aborted = lab.engine.claim({ kind: "none" }, AbortSignal.abort());
      expect(await aborted.catch((error: unknown) => error)).toBeInstanceOf(DOMException);
    });
  });
}
