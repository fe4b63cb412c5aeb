/** One container's whole life through the socket, without the CLI: create, start, wait, remove on a kept connection. */
import { createContainer, type Exit } from "./containers.ts";
import { type BenchHome, openBenchHome } from "./home.ts";
import { printTable, type Summary, summarize } from "./measure.ts";

const steps = ["create", "start", "wait", "remove", "whole"] as const;

/** `pauseMs` of quiet between two lives lets the pools refill, as they would for a person. */
export async function lifeThroughSocket(bench: BenchHome, runs: number, pauseMs = 0): Promise<Summary[]> {
  const times = new Map<string, number[]>(steps.map((step) => [step, []]));
  for (let run = -5; run < runs; run += 1) {
    if (pauseMs > 0) await Bun.sleep(pauseMs);
    const marks = await oneLife(bench);
    if (run < 0) continue;
    for (const [index, step] of steps.entries()) {
      const whole = step === "whole";
      times.get(step)?.push((marks[whole ? 4 : index + 1] ?? 0) - (marks[whole ? 0 : index] ?? 0));
    }
  }
  return steps.map((step) => summarize(step, times.get(step) ?? []));
}

async function oneLife({ client, image }: BenchHome): Promise<number[]> {
  const marks = [performance.now()];
  const mark = (): void => void marks.push(performance.now());
  const id = await createContainer(client, image, ["true"]);
  mark();
  await client.text("POST", `/containers/${id}/start`);
  mark();
  const { StatusCode } = await client.json<Exit>("POST", `/containers/${id}/wait`);
  if (StatusCode !== 0) throw new Error(`true ended with ${StatusCode}`);
  mark();
  await client.text("DELETE", `/containers/${id}`);
  mark();
  return marks;
}

export async function socket(): Promise<void> {
  await using bench = await openBenchHome();
  printTable("through the socket, one after another", await lifeThroughSocket(bench, 200));
  printTable("through the socket, 200 ms apart", await lifeThroughSocket(bench, 40, 200));
}
