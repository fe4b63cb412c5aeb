/** `hbx run --rm` from an image of one layer and from one of sixty, in both forms of layers. */
import { readFileSync } from "node:fs";
import { dockerArchive } from "../tests/support/images.ts";
import { member, tarOf } from "../tests/support/tar.ts";
import { type BenchHome, openBenchHome } from "./home.ts";
import { type Candidate, compare, printTable } from "./measure.ts";

const runs = 40;

export async function layers(): Promise<void> {
  const candidates: Candidate[] = [];
  await using homes = new AsyncDisposableStack();
  for (const storageDriver of ["erofs", "overlayfs"]) {
    let bench: BenchHome;
    try {
      bench = homes.use(await openBenchHome(false, { storageDriver }));
    } catch (error) {
      console.log(`\nlayers: ${storageDriver} is left out: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    for (const count of [1, 60]) {
      await load(bench, `layers:${count}`, count);
      candidates.push({
        name: `${storageDriver}, ${count} layer${count > 1 ? "s" : ""}`,
        before: () => Bun.sleep(30),
        run: () => void bench.hbx("run", "--rm", `layers:${count}`, "true"),
      });
    }
  }
  printTable("run --rm IMAGE true, whole command", await compare(candidates, runs), candidates[0]?.name);
}

async function load({ client }: BenchHome, name: string, count: number): Promise<void> {
  const base = tarOf([
    member("bin/busybox", readFileSync("/bin/busybox"), { mode: 0o755 }),
    member("bin/true", "", { type: "2", link: "busybox" }),
  ]);
  const more = Array.from({ length: count - 1 }, (_, at) => tarOf([member(`layer/${at}`, `${at}`)]));
  const body = new Response(dockerArchive(name, [base, ...more])).body;
  const answer = await client.text("POST", "/images/load", { query: { quiet: 1 }, body: body as never });
  if (answer.includes('"error"')) throw new Error(answer);
}
