/** Inside namespaces of its own: our daemon in `host`, a dockerd in `remote1`, each with the same containers. */
import { readdirSync, readFileSync } from "node:fs";
import { type LabDaemon, openLabDaemon } from "../tests/support/connectivity/daemon.ts";
import { inNamespace, inNetworkOf } from "../tests/support/connectivity/peer.ts";
import { addresses, buildTopology, livingIn } from "../tests/support/connectivity/topology.ts";
import { startDockerd } from "./dockerd.ts";
import { command, compare, printTable } from "./measure.ts";
import { networkTools } from "./network-tools.ts";
import { printTraffic, type Side } from "./network-traffic.ts";

const tools = networkTools();
if (typeof tools === "string") throw new Error(tools);
buildTopology();

async function hbxSide(daemon: LabDaemon): Promise<Side> {
  const { api } = daemon;
  await api.ok("POST", "/networks/create", { Name: "names" });
  const ports = Object.fromEntries(
    [5201, 8080].map((port) => [`${port}/tcp`, [{ HostIp: "", HostPort: String(port) }]]),
  );
  const server = await daemon.start("server", { PortBindings: ports });
  const client = await daemon.start("client");
  await daemon.start("web", { NetworkMode: "names" });
  const asker = await daemon.start("asker", { NetworkMode: "names" });
  return {
    name: "hbx",
    host: inNamespace("host"),
    hostAddress: addresses.host.v4,
    server: inNetworkOf(await daemon.pid(server)),
    serverAddress: await daemon.address(server, "bridge"),
    client: inNetworkOf(await daemon.pid(client)),
    asker: inNetworkOf(await daemon.pid(asker)),
    resolverPid: processCalled("hbx-dns"),
  };
}

function dockerSide(cli: string, host: string, version: string): Side {
  const docker = (...args: string[]): string => command([cli, "-H", host, ...args]).trim();
  command(["sh", "-c", `cd /bin && tar -ch busybox | ${cli} -H ${host} import - bb`]);
  docker("network", "create", "names");
  const start = (...options: string[]) => docker("run", "-d", ...options, "bb", "/busybox", "sleep", "1000000");
  const inspect = (id: string, format: string) => docker("inspect", "-f", format, id);
  const enter = (id: string) => inNetworkOf(Number(inspect(id, "{{.State.Pid}}")));
  const server = start("-p", "5201:5201", "-p", "8080:8080");
  const client = start();
  start("--network", "names", "--name", "web");
  return {
    name: `docker ${version.split("+")[0]}`,
    host: inNamespace("remote1"),
    hostAddress: addresses.remote1.v4,
    server: enter(server),
    serverAddress: inspect(server, "{{.NetworkSettings.IPAddress}}"),
    client: enter(client),
    asker: enter(start("--network", "names")),
    resolverPid: processCalled("dockerd"),
  };
}

/** In the lab's own process namespace there is one of each. */
function processCalled(name: string): number {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const found = pids.find((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === name);
  if (found === undefined) throw new Error(`there is no process ${name}`);
  return Number(found);
}

/** What a network adds to a start, by the request that starts. */
async function startCost({ api }: LabDaemon): Promise<void> {
  const PortBindings = { "80/tcp": [{ HostIp: "", HostPort: "" }] };
  const candidate = (name: string, HostConfig: object) => {
    let id = "";
    return {
      name,
      async before() {
        if (id !== "") await api.ok("DELETE", `/containers/${id}?force=1`);
        const body = { Image: "hyperbox/base", Cmd: ["sleep", "1000"], HostConfig };
        id = ((await api.ok("POST", "/containers/create", body)).json as { Id: string }).Id;
        await Bun.sleep(60); // the pools refill, as they would for a person
      },
      run: async () => void (await api.ok("POST", `/containers/${id}/start`)),
    };
  };
  const none = candidate("--network none", { NetworkMode: "none" });
  const bridge = candidate("bridge, a port published", { PortBindings });
  const named = candidate("network with names", { NetworkMode: "names" });
  printTable("start of a container", await compare([none, bridge, named], 40), "--network none");
}

/** 300 containers with two published ports each: does the last take longer than the first? */
async function manyPorts({ api }: LabDaemon, count: number): Promise<void> {
  const times: number[] = [];
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const bind = (port: number) => [{ HostIp: "", HostPort: String(port) }];
    const PortBindings = { "80/tcp": bind(20_000 + n), "81/udp": bind(30_000 + n) };
    const body = { Image: "hyperbox/base", Cmd: ["sleep", "1000000"], HostConfig: { PortBindings } };
    const { Id } = (await api.ok("POST", "/containers/create", body)).json as { Id: string };
    const start = performance.now();
    await api.ok("POST", `/containers/${Id}/start`);
    times.push(performance.now() - start);
    ids.push(Id);
  }
  const median = (list: number[]) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  const [first, last] = [median(times.slice(0, 30)), median(times.slice(-30))];
  console.log(
    `\n${count} containers with 2 published ports each: the first 30 took ${first.toFixed(2)} ms, the last 30 ${last.toFixed(2)} ms (× ${(last / first).toFixed(2)})`,
  );
  for (const id of ids) await api.ok("DELETE", `/containers/${id}?force=1`);
}

async function measure(): Promise<void> {
  await using scope = new AsyncDisposableStack();
  const daemon = scope.use(await openLabDaemon("host"));
  const sides = [await hbxSide(daemon)];
  const docker = await startDockerd(livingIn("remote1"));
  if (typeof docker === "string") console.log(`left out: ${docker}`);
  else {
    scope.use(docker);
    sides.push(dockerSide(docker.cli, docker.host, docker.version));
  }
  await startCost(daemon);
  if (typeof tools !== "string") await printTraffic(sides, tools);
  await manyPorts(daemon, 300);
}

await measure();
process.exit(0);
