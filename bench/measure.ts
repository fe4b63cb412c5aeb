/** Timing of whole commands and of calls, interleaved so that a noisy minute hits every candidate alike. */
import { spawnSync } from "node:child_process";

export type Summary = { name: string; runs: number; median: number; p95: number; min: number };
export type Candidate = { name: string; run(): void | Promise<void>; before?(): void | Promise<void> };

/** Milliseconds of `candidate.run`, `runs` times each, round robin, after `warmup` rounds. */
export async function compare(candidates: readonly Candidate[], runs: number, warmup = 3): Promise<Summary[]> {
  const times = new Map<string, number[]>(candidates.map(({ name }) => [name, []]));
  for (let round = -warmup; round < runs; round += 1) {
    for (const candidate of candidates) {
      await candidate.before?.();
      const start = performance.now();
      await candidate.run();
      const took = performance.now() - start;
      if (round >= 0) times.get(candidate.name)?.push(took);
    }
  }
  return [...times].map(([name, all]) => summarize(name, all));
}

export function summarize(name: string, times: readonly number[]): Summary {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { name, runs: sorted.length, median: at(0.5), p95: at(0.95), min: at(0) };
}

/** Runs a command to its end; throws with its error output when it fails. */
export function command(argv: readonly string[], env: Record<string, string | undefined> = process.env): string {
  const [program = "", ...args] = argv;
  const result = spawnSync(program, args, {
    encoding: "utf8",
    env,
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status !== 0) {
    throw new Error(
      `${argv.join(" ")} ended with ${result.status ?? result.signal}: ${result.stderr || result.error?.message}`,
    );
  }
  return result.stdout;
}

export function printTable(title: string, summaries: readonly Summary[], reference?: string): void {
  const base = summaries.find(({ name }) => name === reference)?.median;
  console.log(`\n${title}`);
  console.log(
    `${"".padEnd(28)}${"median".padStart(10)}${"p95".padStart(10)}${"min".padStart(10)}${"runs".padStart(6)}${base ? "  against it".padStart(14) : ""}`,
  );
  for (const { name, median, p95, min, runs } of summaries) {
    const ratio = base ? `${(median / base).toFixed(2)} x`.padStart(14) : "";
    console.log(`${name.padEnd(28)}${ms(median)}${ms(p95)}${ms(min)}${String(runs).padStart(6)}${ratio}`);
  }
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`.padStart(10);
}
