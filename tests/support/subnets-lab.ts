/**
 * Runs inside a network namespace of its own (`unshare -n -m`): so many daemons started at once, which all prefer the same
 * subnets in the same order. Prints what they came to as one line of JSON for subnets.test.ts.
 */
import { spawnSync } from "node:child_process";
import { createContainer, sh } from "./containers.ts";
import { openTestHome, type TestHome } from "./home.ts";

const output = (...[program = "", ...args]: string[]): string => spawnSync(program, args, { encoding: "utf8" }).stdout;
output("mount", "-t", "sysfs", "sysfs", "/sys");
output("ip", "link", "set", "lo", "up");

type Network = { Name: string; IPAM: { Config: { Subnet: string; Gateway: string }[] } };
type Container = { NetworkSettings: { Networks: Record<string, { IPAddress: string; Gateway: string }> } };
const preferred = Array.from({ length: 12 }, (_, n) => ({ base: `10.${200 + n}.0.0/16`, size: 16 }));

async function look(home: TestHome, name: string) {
  const { api } = home;
  const id = await createContainer(api, ["sh", "-c", `while :; do echo ${name} | nc -l -p 80; done`]);
  await api.ok("POST", `/containers/${id}/start`);
  const { NetworkSettings } = (await api.ok("GET", `/containers/${id}/json`)).json as Container;
  const { IPAM } = (await api.ok("GET", "/networks/bridge")).json as Network;
  const own = NetworkSettings.Networks["bridge"];
  const ping = await sh(api, "ping -c 1 -w 5 $(ip route | awk '/default/ {print $3}') >/dev/null && ip route");
  return { id, name, subnet: IPAM.Config[0]?.Subnet ?? "", address: own?.IPAddress ?? "", ping };
}

/** Who answers at that address, asked until somebody listens. */
function ask(address: string): string {
  const code = `import socket,sys,time
for n in range(40):
  try:
    print(socket.create_connection((sys.argv[1], 80), 1).recv(99).decode().strip()); break
  except OSError: time.sleep(0.05)`;
  return output("python3", "-c", code, address).trim();
}

const count = Number(process.argv[2]);
const opened = await Promise.allSettled(
  Array.from({ length: count }, () => openTestHome({ config: { addressPools: preferred } })),
);
const homes = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
const failures = opened.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
const report: Record<string, unknown> = {};
try {
  const seen = await Promise.all(homes.map((home, n) => look(home, `daemon${n}`)));
  const net = (text: string): string => text.split(".").slice(0, 2).join(".");
  report["daemons"] = seen.length;
  report["subnets"] = new Set(seen.map(({ subnet }) => subnet)).size;
  report["bridges"] = output("ip", "-4", "-o", "addr")
    .split("\n")
    .filter((line) => line.includes("hbx")).length;
  report["outside"] = seen.filter(({ subnet, address }) => net(subnet) !== net(address));
  report["deaf"] = seen.filter(({ ping, subnet }) => ping.code !== 0 || !ping.stdout.includes(subnet));
  report["strangers"] = seen.filter(({ name, address }) => ask(address) !== name);
  await Promise.all(homes.map(({ api }, n) => api.ok("DELETE", `/containers/${seen[n]?.id}?force=1`)));
} catch (error) {
  failures.push(`${error instanceof Error ? error.stack : error}`, ...homes.map((home) => home.log().slice(-1000)));
}
const closed = await Promise.allSettled(homes.map((home) => home[Symbol.asyncDispose]()));
failures.push(...closed.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : [])));
process.stdout.write(`${JSON.stringify({ ...report, failures })}\n`);
process.exit(0);
