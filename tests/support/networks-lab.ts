/**
 * Runs inside a network namespace of its own (`unshare -n -m`): a daemon with networks, on a host that has rules, routes and a
 * bridge of somebody else's. Prints what it saw as one line of JSON for networks.test.ts.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { baseImage, type CreateBody, createContainer, execIn, sh } from "./containers.ts";
import { openTestHome, type TestHome } from "./home.ts";
import { createRandom } from "./random.ts";

const output = (...[program = "", ...args]: string[]): string => {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout;
};
const links = (): string[] => readdirSync("/sys/class/net").sort();
const settings = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/up0/accept_ra"];
/** All of the host that the engine touches. */
const hostState = (): string =>
  [
    links().join(" "),
    output("ip", "route"),
    // The kernel adds its own once it has looked for duplicates.
    output("ip", "-6", "route").replaceAll(/^fe80::.*\n/gm, ""),
    output("nft", "list", "ruleset"),
    ...settings.map((path) => readFileSync(`/proc/sys/${path}`, "utf8")),
  ].join("\n");

async function settled(wanted: string): Promise<string> {
  for (let n = 0; n < 500 && hostState() !== wanted; n++) await Bun.sleep(10);
  return hostState() === wanted ? "" : hostState();
}

function makeHost(): void {
  output("mount", "-t", "sysfs", "sysfs", "/sys");
  output("ip", "link", "set", "lo", "up");
  output("ip", "link", "add", "up0", "type", "veth", "peer", "name", "up1");
  for (const link of ["up0", "up1"]) output("ip", "link", "set", link, "up");
  output("ip", "addr", "add", "192.0.2.1/24", "dev", "up0");
  output("ip", "route", "add", "default", "via", "192.0.2.254");
  for (const path of settings.slice(0, 2)) writeFileSync(`/proc/sys/${path}`, "0");
  output("nft", "add table inet foreign; add chain inet foreign forward { type filter hook forward priority 10; }");
}

type Network = { Name: string; Id: string; IPAM: { Config: { Gateway: string }[] } };
const create = async (home: TestHome, Name: string, more: object = {}): Promise<string> =>
  ((await home.api.ok("POST", "/networks/create", { Name, ...more })).json as { Id: string }).Id;
const server = ["sh", "-c", "while :; do echo hello | nc -l -p 80; done"];

async function start(home: TestHome, cmd: string[], body: CreateBody): Promise<string> {
  const id = await createContainer(home.api, cmd, body);
  await home.api.ok("POST", `/containers/${id}/start`);
  return id;
}

/** What a server behind that address answers, asked until it listens. */
function ask(address: string, port: number): string {
  const code = `import socket,sys,time
for n in range(20):
  try:
    print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).recv(9).decode().strip()); break
  except OSError: time.sleep(0.05)`;
  return output("python3", "-c", code, address, String(port)).trim();
}

/** Networks of one's own as a user sees them. */
async function life(home: TestHome): Promise<object> {
  const { api } = home;
  const report: Record<string, unknown> = {};
  await create(home, "front", { EnableIPv6: true });
  await create(home, "back", { Internal: true, IPAM: { Config: [{ Subnet: "10.66.0.0/24" }] } });
  const web = await start(home, server, {
    HostConfig: { NetworkMode: "front", PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] } },
    NetworkingConfig: {
      EndpointsConfig: { front: { Aliases: ["www"] }, back: { IPAMConfig: { IPv4Address: "10.66.0.66" } } },
    },
  });
  report["published"] = [ask("127.0.0.1", 8080), ask("192.0.2.1", 8080), ask("::1", 8080)];
  const inside = async (line: string) => (await execIn(api, web, ["sh", "-c", line])).stdout.trim();
  report["interfaces"] = (await inside("ls /sys/class/net")).split(/\s+/);
  report["defaultRoute"] = await inside("ip route | grep ^default | cut -d' ' -f 5");
  report["backAddress"] = /10\.66\.0\.\d+/.exec(await inside("ip -o addr show dev eth1"))?.[0];
  const other = (mode: string, line: string) => sh(api, line, { HostConfig: { NetworkMode: mode } });
  report["sameNetwork"] = (await other("back", "nc -w 2 10.66.0.66 80 </dev/null")).stdout.trim();
  report["byName"] = (await other("front", "nc -w 2 www 80 </dev/null")).stdout.trim();
  report["otherNetwork"] = (await other("bridge", "nc -w 1 10.66.0.66 80 </dev/null")).stdout.trim();
  const gateway = ((await api.ok("GET", "/networks/bridge")).json as Network).IPAM.Config[0]?.Gateway ?? "";
  report["otherNetworkPublished"] = (await other("bridge", `nc -w 2 ${gateway} 8080 </dev/null`)).stdout.trim();
  report["internalWayOut"] = (await other("back", "ip route | grep -c ^default")).stdout.trim();

  await api.ok("POST", "/networks/front/disconnect", { Container: web });
  report["afterDisconnect"] = await inside("ls /sys/class/net; ip route | grep ^default");
  await create(home, "late");
  await api.ok("POST", "/networks/late/connect", { Container: web, EndpointConfig: { GwPriority: 5 } });
  report["afterConnect"] = [await inside("ip route | grep ^default | cut -d' ' -f 5"), ask("127.0.0.1", 8080)];
  report["twice"] = (await api.call("POST", "/networks/late/connect", { Container: web })).status;
  report["inUse"] = (await api.call("DELETE", "/networks/late")).status;
  const hosts = await inside("grep -c 10.66.0.66 /etc/hosts");
  await home.kill("SIGKILL");
  await home.start();
  report["afterCrash"] = [ask("127.0.0.1", 8080), hosts, await inside("nc -w 1 10.66.0.66 80 </dev/null")];
  output("nft", "flush", "ruleset");
  output("nft", "add table inet foreign; add chain inet foreign forward { type filter hook forward priority 10; }");
  report["afterFlush"] = ask("127.0.0.1", 8080);
  const ends = links().filter((name) => name.startsWith("hv"));
  for (const name of ends) output("ip", "link", "delete", name);
  const present = async () =>
    (await inside("ls /sys/class/net; ip route | grep ^default | cut -d' ' -f 5")).split("\n");
  for (let n = 0; n < 100 && (await present()).length < 4; n++) await Bun.sleep(50);
  // Places to run that lost theirs are replaced.
  const fresh = async () => (await other("bridge", "ls /sys/class/net")).stdout.trim();
  for (let n = 0; n < 100 && !(await fresh()).includes("eth0"); n++) await Bun.sleep(50);
  report["afterLinkDelete"] = [(await present()).join(" "), ask("127.0.0.1", 8080)];
  output("ip", "addr", "add", "192.0.2.7/24", "dev", "up0");
  report["newAddress"] = ask("192.0.2.7", 8080);
  output("ip", "addr", "del", "192.0.2.7/24", "dev", "up0");
  await api.ok("DELETE", `/containers/${web}?force=1`);
  for (const name of ["front", "back", "late"]) await api.ok("DELETE", `/networks/${name}`);
  return report;
}

async function many(home: TestHome): Promise<object> {
  const count = Number(process.env["HYPERBOX_TEST_NETWORKS"] ?? "100");
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const begin = performance.now();
    await create(home, `net${n}`, { Labels: { many: "1" } });
    times.push(performance.now() - begin);
  }
  const mean = (list: number[]) => list.reduce((sum, time) => sum + time, 0) / list.length;
  const bridges = links().filter((name) => name.startsWith("hbx")).length;
  const begin = performance.now();
  const gone = (await home.api.ok("POST", "/networks/prune")).json as { NetworksDeleted: string[] };
  const report = { count, bridges, gone: gone.NetworksDeleted.length, remaining: 0, firstMs: 0, lastMs: 0, pruneMs: 0 };
  report.remaining = ((await home.api.ok("GET", "/networks")).json as Network[]).length;
  report.firstMs = Math.round(mean(times.slice(0, 10)) * 10) / 10;
  report.lastMs = Math.round(mean(times.slice(-10)) * 10) / 10;
  report.pruneMs = Math.round(performance.now() - begin);
  return report;
}

/** Networks and containers come and go while the daemon is killed again and again. */
async function crashes(home: TestHome): Promise<object> {
  const random = createRandom("network crashes", 20_261_121);
  const count = Number(process.env["HYPERBOX_TEST_NETWORK_KILLS"] ?? "60");
  await create(home, "keep");
  const kept = await start(home, server, {
    HostConfig: { NetworkMode: "keep", PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] } },
  });
  let lost = 0;
  for (let n = 0; n < count; n++) {
    const busy = traffic(home, n).catch(() => undefined);
    await Bun.sleep(random.below(60));
    await home.kill("SIGKILL");
    await busy;
    await home.start();
    if (n % 10 === 0 && ask("127.0.0.1", 8080) !== "hello") lost += 1;
  }
  const all = (await home.api.ok("GET", "/containers/json?all=1")).json as { Id: string }[];
  for (const { Id } of all) if (Id !== kept) await home.api.call("DELETE", `/containers/${Id}?force=1`);
  const endpoints = async () => {
    const networks = (await home.api.ok("GET", "/networks")).json as Network[];
    const shown = await Promise.all(networks.map(({ Id }) => home.api.ok("GET", `/networks/${Id}`)));
    return shown.flatMap(({ json }) => Object.keys((json as { Containers: object }).Containers));
  };
  const report = { count, lost, kept: await endpoints(), keptIs: kept, networks: 0, gone: 0 };
  await home.api.ok("DELETE", `/containers/${kept}?force=1`);
  report.networks = ((await home.api.ok("GET", "/networks")).json as Network[]).filter(({ Name }) =>
    /^n\d/.test(Name),
  ).length;
  const pruned = (await home.api.ok("POST", "/networks/prune")).json as { NetworksDeleted: string[] | null };
  report.gone = pruned.NetworksDeleted?.length ?? 0;
  return report;
}

async function traffic(home: TestHome, n: number): Promise<void> {
  const { api } = home;
  const names = [`n${n}a`, `n${n}b`];
  for (const name of names) await create(home, name, { EnableIPv6: n % 2 === 0 });
  const id = await createContainer(api, ["sleep", "9"], {
    Image: baseImage,
    HostConfig: { NetworkMode: names[0], AutoRemove: true, PortBindings: { "9/tcp": [{}] } },
  });
  await api.ok("POST", `/containers/${id}/start`);
  await api.ok("POST", `/networks/${names[1]}/connect`, { Container: id });
  await api.ok("POST", `/networks/${names[0]}/disconnect`, { Container: id });
  await api.ok("DELETE", `/containers/${id}?force=1`);
  for (const name of names) await api.ok("DELETE", `/networks/${name}`);
}

const parts: Record<string, (home: TestHome) => Promise<object>> = { life, many, crashes };
makeHost();
const before = hostState();
const home = await openTestHome();
const report = await parts[process.argv[2] ?? ""]?.(home).catch((error: unknown) => ({
  failed: `${error instanceof Error ? error.stack : error}\n${home.log().slice(-2000)}`,
}));
await home[Symbol.asyncDispose]();
const left = await settled(before);
process.stdout.write(`${JSON.stringify({ ...report, left, before: left === "" ? "" : before })}\n`);
process.exit(0);
