/** `exec C true` as a whole command, against docker's. */
import { startContainer } from "./containers.ts";
import { type Dockerd, startDockerd } from "./dockerd.ts";
import { openBenchHome } from "./home.ts";
import { type Candidate, command, compare, printTable } from "./measure.ts";

export async function exec(): Promise<void> {
  await using bench = await openBenchHome();
  const id = await startContainer(bench.client, bench.image, ["sleep", "1000000"]);
  const candidates: Candidate[] = [{ name: "hbx exec", run: () => void bench.hbx("exec", id, "true") }];
  const docker = await startDockerd();
  if (typeof docker === "string") console.log(`left out: ${docker}`);
  else candidates.push(await dockerExec(docker));
  try {
    printTable("exec C true, whole command", await compare(candidates, 40), "hbx exec");
  } finally {
    if (typeof docker !== "string") await docker[Symbol.asyncDispose]();
  }
}

async function dockerExec({ cli, host, version }: Dockerd): Promise<Candidate> {
  const docker = (...args: string[]): string => command([cli, "-H", host, ...args]);
  command(["sh", "-c", `cd /bin && tar -ch busybox | ${cli} -H ${host} import - bb`]);
  const id = docker("run", "-d", "bb", "/busybox", "sleep", "1000000").trim();
  return { name: `docker ${version} exec`, run: () => void docker("exec", id, "/busybox", "true") };
}
