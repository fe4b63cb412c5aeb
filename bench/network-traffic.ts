/** iperf3, wrk and name look-ups between namespaces, the engines taking turns. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { inNamespace } from "../tests/support/connectivity/peer.ts";
import { addresses } from "../tests/support/connectivity/topology.ts";
import type { NetworkTools } from "./network-tools.ts";

/** One engine's containers; each list is the command that enters a namespace. */
export type Side = {
  name: string;
  host: string[];
  hostAddress: string;
  server: string[];
  serverAddress: string;
  client: string[];
  /** On a network with a container called `web`. */
  asker: string[];
  /** The process that answers names. */
  resolverPid: number;
};

const rounds = 3;
const seconds = 1;
const web = "Bun.serve({ port: 8080, hostname: '0.0.0.0', fetch: () => new Response('hello') }); console.log('up')";

export async function printTraffic(sides: readonly Side[], tools: NetworkTools): Promise<void> {
  const servers: ChildProcess[] = [];
  const serve = async (enter: readonly string[], ...command: string[]): Promise<void> => {
    const [program = "", ...args] = [...enter, ...command];
    const child = spawn(program, args, { env: tools.env, stdio: ["ignore", "pipe", "ignore"] });
    servers.push(child);
    await new Promise((resolve) => child.stdout.once("data", resolve));
  };
  const iperfServer = [tools.iperf3, "-s", "--forceflush"];
  await serve(inNamespace("outside"), ...iperfServer);
  for (const { server } of sides) {
    await serve(server, ...iperfServer);
    await serve(server, process.execPath, "-e", web);
  }
  const run = (enter: readonly string[], ...command: string[]): string => {
    const [program = "", ...args] = [...enter, ...command];
    const { status, stdout, stderr } = spawnSync(program, args, { env: tools.env, encoding: "utf8", timeout: 30_000 });
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr || stdout || status}`);
    return stdout;
  };
  const gigabits = (enter: readonly string[], to: string): number => {
    const { end } = JSON.parse(run(enter, tools.iperf3, "-J", "-t", String(seconds), "-c", to)) as {
      end: { sum_received: { bits_per_second: number } };
    };
    return end.sum_received.bits_per_second / 1e9;
  };
  const requests = (enter: readonly string[], to: string): number => {
    const text = run(enter, tools.wrk, "-t1", "-c32", `-d${seconds}s`, `http://${to}:8080/`);
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  };
  type Asked = { rate: number; medianUs: number; p99Us: number };
  const names = (side: Side, window: number): Asked =>
    JSON.parse(run(side.asker, tools.load, "web", String(seconds), String(window)));

  console.log(`\n${"".padEnd(44)}${sides.map(({ name }) => name.padStart(16)).join("")}${"ratio".padStart(10)}`);
  const row = (label: string, digits: number, once: (side: Side) => number): void => {
    const all = sides.map((): number[] => []);
    for (let round = 0; round < rounds; round += 1) for (const [n, side] of sides.entries()) all[n]?.push(once(side));
    const medians = all.map((list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN);
    const ratio = medians.length > 1 ? `× ${((medians[0] ?? 0) / (medians[1] ?? 1)).toFixed(2)}` : "";
    console.log(
      `${label.padEnd(44)}${medians.map((value) => value.toFixed(digits).padStart(16)).join("")}${ratio.padStart(10)}`,
    );
  };
  row("container → container, Gbit/s", 2, (side) => gigabits(side.client, side.serverAddress));
  row("host → published port, Gbit/s", 2, (side) => gigabits(side.host, side.hostAddress));
  row("other host → published port, Gbit/s", 2, (side) => gigabits(inNamespace("remote2"), side.hostAddress));
  row("container → outside, Gbit/s", 2, (side) => gigabits(side.client, addresses.outside.v4));
  row("container → container, requests/s", 0, (side) => requests(side.client, side.serverAddress));
  row("host → published port, requests/s", 0, (side) => requests(side.host, side.hostAddress));
  row("other host → published port, requests/s", 0, (side) => requests(inNamespace("remote2"), side.hostAddress));
  row("names, one after another, look-ups/s", 0, (side) => names(side, 1).rate);
  row("names, 64 at once, look-ups/s", 0, (side) => names(side, 64).rate);
  row("names, one after another, p99 µs", 0, (side) => names(side, 1).p99Us);
  row("names, 64 at once, p99 µs", 0, (side) => names(side, 64).p99Us);
  row("names, 64 at once, µs of CPU a look-up", 2, (side) => {
    const before = cpuMicroseconds(side.resolverPid);
    const { rate } = names(side, 64);
    return (cpuMicroseconds(side.resolverPid) - before) / (rate * seconds);
  });
  for (const server of servers) server.kill("SIGKILL");
}

/** User and system time; the kernel counts in hundredths of a second. */
function cpuMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
