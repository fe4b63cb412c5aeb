/** Many containers running at once: starting them, listing them, and nothing left when they are gone. */
import { createContainer, removeContainer } from "./containers.ts";
import { type BenchHome, openBenchHome } from "./home.ts";
import { type Candidate, compare, printTable } from "./measure.ts";
import { familyOf } from "./memory-use.ts";

const clients = 8;

export async function density(): Promise<void> {
  await using bench = await openBenchHome();
  const count = Number(process.env["HBX_BENCH_COUNT"] ?? 500);
  const ids: string[] = [];
  const starting = await seconds(() =>
    together(count, async () => {
      const id = await createContainer(bench.client, bench.image, ["sleep", "1000000"]);
      ids.push(id);
      await bench.client.text("POST", `/containers/${id}/start`);
    }),
  );
  const running = (await bench.client.json<unknown[]>("GET", "/containers/json")).length;
  console.log(`\n${running} of ${count} containers run at once, started in ${starting.toFixed(1)} s`);
  if (running !== count) throw new Error(`${count - running} of them ended`);
  const list: Candidate = { name: "GET /containers/json", run: async () => void (await listing(bench)) };
  const ps: Candidate = { name: "hbx ps", run: () => void bench.hbx("ps") };
  printTable(`with ${count} containers running`, await compare([list, ps], 30));
  const removing = await seconds(() => together(count, async () => removeContainer(bench.client, ids.pop() ?? "")));
  await Bun.sleep(8000);
  const left = familyOf(bench.daemonPid).get("sleep")?.length ?? 0;
  console.log(
    `removed in ${removing.toFixed(1)} s, ${left} processes and ${(await listing(bench)).length} records left`,
  );
  if (left > 0) throw new Error("not everything ended");
}

const listing = ({ client }: BenchHome): Promise<unknown[]> => client.json("GET", "/containers/json?all=1");

/** `count` calls, at most `clients` at a time. */
async function together(count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: clients }, worker));
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
