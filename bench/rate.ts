/** How many containers a second start and end when eight clients ask at once for ten seconds. */
import { createClient, readText } from "../src/sdk/client.ts";
import { createContainer, type Exit } from "./containers.ts";
import { type BenchHome, openBenchHome } from "./home.ts";
import { printTable, summarize } from "./measure.ts";

const clients = 8;
const seconds = 10;

export type Rate = { perSecond: number; times: number[] };

export async function measureRate(bench: BenchHome): Promise<Rate> {
  const times: number[] = [];
  const begun = performance.now();
  const deadline = begun + seconds * 1000;
  const work = async (): Promise<void> => {
    const client = createClient(bench.socket);
    while (performance.now() < deadline) {
      const start = performance.now();
      const id = await createContainer(client, bench.image, ["true"], { AutoRemove: true });
      const ended = client.stream("POST", `/containers/${id}/wait`, { query: { condition: "removed" } });
      await client.text("POST", `/containers/${id}/start`);
      const { StatusCode } = JSON.parse(await readText((await ended).body, 65536)) as Exit;
      if (StatusCode !== 0) throw new Error(`true ended with ${StatusCode}`);
      times.push(performance.now() - start);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: clients }, work));
  return { perSecond: (times.length * 1000) / (performance.now() - begun), times };
}

export async function rate(): Promise<void> {
  await using bench = await openBenchHome();
  const { perSecond, times } = await measureRate(bench);
  console.log(
    `\n${clients} clients for ${seconds} s: ${perSecond.toFixed(0)} containers/s (create, start, wait, removed)`,
  );
  printTable("one container's life meanwhile", [summarize("whole", times)]);
}
