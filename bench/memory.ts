/** What one more running container costs: its shim's and holder's private memory and the daemon's growth, over fifty. */
import { removeContainer, startContainer } from "./containers.ts";
import { type BenchHome, openBenchHome } from "./home.ts";
import { familyOf, memoryOfAll } from "./memory-use.ts";

const count = 50;
const settleMs = 6000;

export async function memory(): Promise<void> {
  await using bench = await openBenchHome();
  // What a daemon allocates once is not a container's cost.
  for (let run = 0; run < 20; run += 1)
    await removeContainer(bench.client, await startContainer(bench.client, bench.image, ["sleep", "1000000"]));
  const before = await settled(bench);
  const ids: string[] = [];
  for (let run = 0; run < count; run += 1)
    ids.push(await startContainer(bench.client, bench.image, ["sleep", "1000000"]));
  const after = await settled(bench);
  const each = (key: keyof typeof after): string =>
    `${((after[key] - before[key]) / count / 1024).toFixed(2)} MB`.padStart(9);
  console.log(`\none of ${count} running containers adds`);
  console.log(
    `shim, private    ${each("shims")}\nholder, private  ${each("holders")}\ndaemon, growth   ${each("daemon")}`,
  );
  console.log(`together         ${each("all")}   (the container's own process: ${each("guests").trim()} more)`);
  for (const id of ids) await removeContainer(bench.client, id);
}

async function settled({ daemonPid }: BenchHome) {
  await Bun.sleep(settleMs);
  const family = familyOf(daemonPid);
  const use = (name: string): number => memoryOfAll(family.get(name) ?? []).privateKb;
  const [shims, holders, daemon] = [use("hbx-shim"), use("hbx-holder"), use("daemon")];
  return { shims, holders, daemon, all: shims + holders + daemon, guests: use("sleep") };
}
