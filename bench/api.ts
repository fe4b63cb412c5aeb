/** The Engine API as Docker's own clients meet it: the same docker command against our socket and dockerd's. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../src/sdk/client.ts";
import { createContainer, startContainer } from "./containers.ts";
import { startDockerd } from "./dockerd.ts";
import { openBenchHome } from "./home.ts";
import { type Candidate, command, compare, printTable, summarize } from "./measure.ts";

const pings = 3000;
const lists = 300;
const listed = 300;
const runs = 30;
const composeRuns = 10;

type Engine = { name: string; socket: string; image: string; container: string };

export async function api(): Promise<void> {
  await using bench = await openBenchHome();
  const ours = await startContainer(bench.client, bench.image, ["sleep", "1000000"]);
  const engines: Engine[] = [{ name: "hyperbox", socket: bench.socket, image: bench.image, container: ours }];
  const docker = await startDockerd();
  if (typeof docker === "string") console.log(`left out: ${docker}`);
  else engines.push(prepareDocker(`docker ${docker.version}`, docker.cli, docker.host));
  const cli = typeof docker === "string" ? "docker" : docker.cli;
  try {
    printTable("GET /_ping, one connection", await Promise.all(engines.map(({ name, socket }) => ping(name, socket))));
    for (const [title, args] of commands) {
      const candidates = engines.map((engine): Candidate => {
        const argv = [cli, "-H", `unix://${engine.socket}`, ...args(engine)];
        return { name: engine.name, run: () => void command(argv) };
      });
      printTable(`docker ${title}, the real command`, await compare(candidates, runs), "hyperbox");
    }
    await composeUp(engines);
    await listMany(engines[0]);
  } finally {
    if (typeof docker !== "string") await docker[Symbol.asyncDispose]();
  }
}

const commands: [title: string, args: (engine: Engine) => string[]][] = [
  ["version", () => ["version"]],
  ["ps", () => ["ps"]],
  ["inspect C", ({ container }) => ["inspect", container]],
  ["run --rm", ({ image }) => ["run", "--rm", image, "/bin/busybox", "true"]],
];

function prepareDocker(name: string, cli: string, host: string): Engine {
  command([
    "sh",
    "-c",
    `mkdir -p "$0/bin" && cp /bin/busybox "$0/bin" && tar -C "$0" -c bin | ${cli} -H ${host} import - bb; rm -r "$0"`,
    `/tmp/hbx-bench-bb-${process.pid}`,
  ]);
  const container = command([cli, "-H", host, "run", "-d", "bb", "/bin/busybox", "sleep", "1000000"]).trim();
  return { name, socket: host.replace("unix://", ""), image: "bb", container };
}

async function ping(name: string, socket: string) {
  const client = createClient(socket);
  const times: number[] = [];
  for (let round = -100; round < pings; round += 1) {
    const start = performance.now();
    await client.text("GET", "/_ping");
    if (round >= 0) times.push(performance.now() - start);
  }
  client.close();
  const sorted = [...times].sort((a, b) => a - b);
  console.log(`${name}: p99 of /_ping ${sorted[Math.floor(pings * 0.99)]?.toFixed(2)} ms`);
  return summarize(name, times);
}

/** Five services on a network of their own, from nothing to running. */
async function composeUp(engines: readonly Engine[]): Promise<void> {
  const program = join(import.meta.dirname, "../.hbx-cache/test-tools/usr/libexec/docker/cli-plugins/docker-compose");
  if (!existsSync(program)) return console.log("\nleft out: docker-compose (scripts/test-tools.sh)");
  const dir = mkdtempSync(join(tmpdir(), "hbx-bench-compose-"));
  const candidates = engines.map(({ name, socket, image }): Candidate => {
    const file = join(dir, `${image.replaceAll("/", "-")}.json`);
    const service = { image, command: ["/bin/busybox", "sleep", "1000000"], stop_grace_period: "0s" };
    const services = Object.fromEntries(["one", "two", "three", "four", "five"].map((one) => [one, service]));
    writeFileSync(file, JSON.stringify({ name: "hbx-bench", services }));
    const compose = (...args: string[]) =>
      void command([program, "-f", file, ...args], { ...process.env, DOCKER_HOST: `unix://${socket}` });
    return { name, before: () => compose("down", "--timeout", "0"), run: () => compose("up", "-d") };
  });
  printTable("docker compose up -d of five services", await compare(candidates, composeRuns, 1), "hyperbox");
  for (const { before } of candidates) await before?.();
  rmSync(dir, { recursive: true });
}

/** Created, not started: the list is what is measured. */
async function listMany(engine: Engine | undefined): Promise<void> {
  if (!engine) return;
  const client = createClient(engine.socket);
  for (let made = 0; made < listed; made += 1) await createContainer(client, engine.image, ["true"]);
  const times: number[] = [];
  for (let round = 0; round < lists; round += 1) {
    const start = performance.now();
    await client.text("GET", "/containers/json", { query: { all: 1 } });
    times.push(performance.now() - start);
  }
  client.close();
  const sorted = [...times].sort((a, b) => a - b);
  printTable(`GET /containers/json?all=1 with ${listed} containers`, [summarize(engine.name, times)]);
  console.log(`p99 ${sorted[Math.floor(lists * 0.99)]?.toFixed(2)} ms`);
}
