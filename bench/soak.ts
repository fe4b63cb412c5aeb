/**
 * Hours of work: container after container, and one that writes lines all the while to a client that follows its log.
 * Prints a curve of the daemon's memory, descriptors and latency; ends after HBX_SOAK_STARTS starts and
 * HBX_SOAK_SECONDS seconds, whichever comes later, or at the first failure.
 */
import { readdirSync } from "node:fs";
import { createContainer, type Exit, removeContainer, startContainer } from "./containers.ts";
import { type BenchHome, openBenchHome } from "./home.ts";
import { summarize } from "./measure.ts";
import { memoryOf } from "./memory-use.ts";

const starts = Number(process.env["HBX_SOAK_STARTS"] ?? 100_000);
const minSeconds = Number(process.env["HBX_SOAK_SECONDS"] ?? 3600);
const clients = Number(process.env["HBX_SOAK_CLIENTS"] ?? 4);
const points = 50;

export async function soak(): Promise<void> {
  await using bench = await openBenchHome();
  console.log(`\nsoak: ${starts} starts and at least ${minSeconds} s, ${clients} clients`);
  const begun = performance.now();
  const elapsed = (): number => (performance.now() - begun) / 1000;
  let done = 0;
  let recent: number[] = [];
  const over = (): boolean => done >= starts && elapsed() >= minSeconds;
  const log = await followLog(bench);
  const worker = async (): Promise<void> => {
    while (!over()) {
      const start = performance.now();
      await oneLife(bench);
      recent.push(performance.now() - start);
      done += 1;
      // After the wanted number, as few as keep the curve going.
      if (done > starts) await Bun.sleep(1000);
    }
  };
  console.log("seconds   starts   rss MB   fds   median     p95   log lines");
  let next = 0;
  const timer = setInterval(() => {
    if (Math.min(done / starts, 1) + Math.min(elapsed() / minSeconds, 1) < (next * 2) / points || recent.length === 0)
      return;
    next += 1;
    printPoint(bench, elapsed(), done, recent, log.lines());
    recent = [];
  }, 500);
  try {
    await Promise.all(Array.from({ length: clients }, worker));
  } finally {
    clearInterval(timer);
    if (recent.length > 0) printPoint(bench, elapsed(), done, recent, log.lines());
    await log.stop();
  }
}

async function oneLife({ client, image }: BenchHome): Promise<void> {
  const id = await createContainer(client, image, ["true"]);
  await client.text("POST", `/containers/${id}/start`);
  const { StatusCode } = await client.json<Exit>("POST", `/containers/${id}/wait`);
  if (StatusCode !== 0) throw new Error(`container ${id} ended with ${StatusCode}`);
  await client.text("DELETE", `/containers/${id}`);
}

/** A container that writes numbered lines, and a follower that misses none. */
async function followLog({ client, image }: BenchHome) {
  const id = await startContainer(client, image, ["sh", "-c", "i=0; while true; do echo $i; i=$((i+1)); done"]);
  const { body } = await client.stream("GET", `/containers/${id}/logs`, { query: { stdout: 1, follow: 1, tail: 0 } });
  let lines = 0;
  let stopping = false;
  const reading = (async () => {
    for await (const chunk of body) for (const byte of chunk) if (byte === 10) lines += 1;
    if (!stopping) throw new Error("the followed log ended early");
  })();
  reading.catch(() => undefined);
  return {
    lines: () => lines,
    async stop() {
      stopping = true;
      await removeContainer(client, id);
      await reading;
    },
  };
}

function printPoint({ daemonPid }: BenchHome, seconds: number, done: number, recent: number[], lines: number): void {
  const { median, p95 } = summarize("", recent);
  const fds = readdirSync(`/proc/${daemonPid}/fd`).length;
  const rss = (memoryOf(daemonPid).rssKb / 1024).toFixed(1);
  console.log(
    `${seconds.toFixed(0).padStart(7)}${String(done).padStart(9)}${rss.padStart(9)}${String(fds).padStart(6)}${median.toFixed(1).padStart(9)}${p95.toFixed(1).padStart(8)}${String(lines).padStart(12)}`,
  );
}
