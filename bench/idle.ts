/** What a daemon costs that does nothing: proportional memory of it and of all that it keeps ready, after a minute. */
import { createContainer, removeContainer } from "./containers.ts";
import { openBenchHome } from "./home.ts";
import { familyOf, memoryOfAll } from "./memory-use.ts";

const restMs = 60_000;

export async function idle(): Promise<void> {
  await using bench = await openBenchHome();
  // A daemon that has worked, not one just born.
  for (let run = 0; run < 20; run += 1) {
    const id = await createContainer(bench.client, bench.image, ["true"]);
    await bench.client.text("POST", `/containers/${id}/start`);
    await bench.client.text("POST", `/containers/${id}/wait`);
    await removeContainer(bench.client, id);
  }
  console.log(`\nidle: waiting ${restMs / 1000} s`);
  await Bun.sleep(restMs);
  let sum = 0;
  for (const [name, pids] of familyOf(bench.daemonPid)) {
    const { pssKb, privateKb } = memoryOfAll(pids);
    sum += pssKb;
    console.log(`${name.padEnd(14)}${String(pids.length).padStart(4)} x  ${mb(pssKb)} PSS ${mb(privateKb)} private`);
  }
  console.log(`${"together".padEnd(20)} ${mb(sum)} PSS`);
}

function mb(kb: number): string {
  return `${(kb / 1024).toFixed(1)} MB`.padStart(9);
}
