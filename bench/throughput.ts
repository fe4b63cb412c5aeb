/** One container that writes as fast as it can: what attach and logs carry, and what that does to the daemon's memory. */
import type { SocketStream } from "../src/sdk/socket-stream.ts";
import { createContainer, removeContainer } from "./containers.ts";
import { type BenchHome, openBenchHome } from "./home.ts";
import { memoryOf } from "./memory-use.ts";

const megabyte = 1_000_000;
const blocks = 4096;
const blockBytes = 1024 * 1024;

export async function throughput(): Promise<void> {
  await using bench = await openBenchHome();
  console.log(`\n${blocks} MiB from one container`);
  for (const [name, log] of [
    ["attach, not logged", "none"],
    ["attach, logged", "json-file"],
  ] as const)
    report(name, await attachAll(bench, log));
  report("logs", await readLogs(bench));
}

type Result = { bytes: number; ms: number; grownKb: number };

async function attachAll(bench: BenchHome, log: string): Promise<Result> {
  const { client, image } = bench;
  const cmd = ["dd", "if=/dev/zero", `bs=${blockBytes}`, `count=${blocks}`, "status=none"];
  const id = await createContainer(client, image, cmd, { LogConfig: { Type: log, Config: {} } });
  const { raw } = await client.hijack(`/containers/${id}/attach`, { query: { stream: 1, stdout: 1 } });
  const watch = watchMemory(bench.daemonPid);
  const begun = performance.now();
  await client.text("POST", `/containers/${id}/start`);
  const bytes = await drain(raw);
  const ms = performance.now() - begun;
  raw.close();
  await removeContainer(client, id);
  if (bytes < blocks * blockBytes) throw new Error(`${bytes} bytes came of ${blocks * blockBytes}`);
  return { bytes, ms, grownKb: watch.stop() };
}

/** Follows the log of a container that has filled it, from its start. */
async function readLogs(bench: BenchHome): Promise<Result> {
  const { client, image } = bench;
  const config = { "max-size": "400m", "max-file": "2" };
  const cmd = ["dd", "if=/dev/zero", `bs=${blockBytes}`, "count=300", "status=none"];
  const id = await createContainer(client, image, cmd, { LogConfig: { Type: "json-file", Config: config } });
  await client.text("POST", `/containers/${id}/start`);
  await client.text("POST", `/containers/${id}/wait`);
  const watch = watchMemory(bench.daemonPid);
  const begun = performance.now();
  const { body } = await client.stream("GET", `/containers/${id}/logs`, { query: { stdout: 1 } });
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  const ms = performance.now() - begun;
  await removeContainer(client, id);
  if (bytes < 300 * blockBytes) throw new Error(`the log gave ${bytes} bytes of ${300 * blockBytes}`);
  return { bytes, ms, grownKb: watch.stop() };
}

async function drain(raw: SocketStream): Promise<number> {
  let bytes = 0;
  for (let chunk = await raw.read(); chunk !== null; chunk = await raw.read()) bytes += chunk.length;
  return bytes;
}

/** The most that the daemon's resident memory grew by, looked at every 50 ms. */
function watchMemory(pid: number): { stop(): number } {
  const before = memoryOf(pid).rssKb;
  let most = before;
  const look = (): void => {
    most = Math.max(most, memoryOf(pid).rssKb);
  };
  const timer = setInterval(look, 50);
  return {
    stop() {
      clearInterval(timer);
      look();
      return most - before;
    },
  };
}

function report(name: string, { bytes, ms, grownKb }: Result): void {
  const rate = `${(bytes / megabyte / (ms / 1000)).toFixed(0)} MB/s`;
  console.log(`${name.padEnd(22)}${rate.padStart(12)}   daemon +${(grownKb / 1024).toFixed(1)} MB at the most`);
}
