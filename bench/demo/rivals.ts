/** The same command on every engine that is installed here; those that are not, or do not work, are named. */
import type { BenchHome } from "../home.ts";
import { type Candidate, compare } from "../measure.ts";
import { openRivals } from "../rivals.ts";
import type { Screen } from "./screen.ts";

const runs = 10;

export async function demoRivals(bench: BenchHome, screen: Screen): Promise<void> {
  await using rivals = await openRivals();
  const ours: Candidate = { name: "hbx run --rm", run: () => void bench.hbx("run", "--rm", bench.image, "true") };
  screen.title(`run --rm IMAGE true, whole command, median of ${runs}, one after another`);
  const before = (): Promise<void> => Bun.sleep(100);
  const candidates = [ours, ...rivals.candidates].map((one) => ({ ...one, before }));
  const summaries = (await compare(candidates, runs, 2)).sort((a, b) => a.median - b.median);
  const longest = Math.max(...summaries.map(({ median }) => median));
  const own = summaries.find(({ name }) => name === ours.name)?.median ?? Number.NaN;
  for (const { name, median } of summaries)
    screen.bar(name, median, median / longest, name === ours.name ? "" : `${(median / own).toFixed(1)} x`);
  if (rivals.missing.length > 0) screen.note(rivals.missing.map((reason) => `left out: ${reason}`).join("\n"));
}
