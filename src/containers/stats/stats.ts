/** `GET /containers/{id}/stats`: once, or a sample a second while the client listens. */
import { totalmem } from "node:os";
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { emptyCpu, noBlkio, type Sample, statsJson } from "./stats-json.ts";
import { onlineCpus, readSystemCpu } from "./system-cpu.ts";

const intervalMs = 1000;

export async function stats(context: Context, container: Container, request: ApiRequest): Promise<void> {
  const stream = boolQuery(request.query, "stream", true);
  const oneShot = boolQuery(request.query, "one-shot");
  if (!stream) {
    // Two samples a second apart unless one is enough: rates need a difference.
    const first = oneShot ? null : take(container);
    if (first) await pause(context, request.signal);
    return request.sendJson(200, describe(container, take(container), first));
  }
  const sink = request.stream(200, "application/json");
  let previous: Sample | null = null;
  while (!request.signal.aborted && context.store.all.has(container.id)) {
    const sample = take(container);
    await sink.write(`${JSON.stringify(describe(container, sample, previous))}\n`);
    previous = sample;
    await pause(context, request.signal);
  }
  await sink.end();
}

function take(container: Container): Sample | null {
  if (!container.workload) return null;
  const stats = container.workload.stats();
  return { stats, systemCpuNs: readSystemCpu(), onlineCpus: onlineCpus(), memoryBytes: totalmem() };
}

function describe({ id, name }: Container, sample: Sample | null, previous: Sample | null): Record<string, unknown> {
  return sample ? statsJson(id, name, sample, previous) : stopped(id, name);
}

/** Docker's answer for a container that does not run: the same object without figures. */
function stopped(id: string, name: string): Record<string, unknown> {
  const zero = "0001-01-01T00:00:00Z";
  return {
    id,
    name: `/${name}`,
    read: zero,
    preread: zero,
    pids_stats: {},
    blkio_stats: noBlkio,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: emptyCpu,
    precpu_stats: emptyCpu,
    memory_stats: {},
  };
}

function pause(context: Context, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      timer[Symbol.dispose]();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = context.clock.after(intervalMs, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
