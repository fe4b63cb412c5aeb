/** `hbx run --rm IMAGE true` as a whole command, round robin with every rival on the machine. */
import { openBenchHome } from "./home.ts";
import { type Candidate, command, compare, printTable } from "./measure.ts";
import { openRivals } from "./rivals.ts";

export async function start(): Promise<void> {
  await using bench = await openBenchHome();
  await using rivals = await openRivals();
  const ours: Candidate = { name: "hbx run --rm", run: () => void bench.hbx("run", "--rm", bench.image, "true") };
  const withoutNetwork: Candidate = {
    name: "hbx run --rm --network none",
    run: () => void bench.hbx("run", "--rm", "--network", "none", bench.image, "true"),
  };
  const floor: Candidate = { name: "bun -e 0", run: () => void command([process.execPath, "-e", "0"]) };
  // The candidate before ours leaves work behind (docker's teardown): each gets the same short quiet before its turn.
  const before = (): Promise<void> => Bun.sleep(50);
  const candidates = [ours, withoutNetwork, floor, ...rivals.candidates].map((one) => ({ ...one, before }));
  printTable("run --rm IMAGE true, whole command", await compare(candidates, 30), ours.name);
  for (const reason of rivals.missing) console.log(`left out: ${reason}`);

  const isolated = { ...ours, name: "hbx run --rm, 1 s apart", before: () => Bun.sleep(1000) };
  const burst = { ...ours, name: "hbx run --rm, at once again" };
  printTable("hbx alone", [...(await compare([isolated], 30)), ...(await compare([burst], 60))]);
}
