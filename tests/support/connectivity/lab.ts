/**
 * Runs inside namespaces of its own (`unshare -n -m`): builds the lab, asks from everywhere to everywhere, and prints what
 * it saw as one line of JSON for tests/integration/connectivity.test.ts.
 */
import { type Dockerd, startDockerd } from "../../../bench/dockerd.ts";
import { command } from "../../../bench/measure.ts";
import { openLabDaemon } from "./daemon.ts";
import { rules, type Source, sources } from "./matrix.ts";
import { type Ask, inNamespace, inNetworkOf, openPeer, type Peer } from "./peer.ts";
import { addresses, buildTopology, livingIn, places, runIn, stateOf } from "./topology.ts";

const service = 7000;
buildTopology();

const at = (address: string, port = service): { address: string; port: number } => ({ address, port });
const bind = (HostIp: string, HostPort: number) => [{ HostIp, HostPort: String(HostPort) }];
const publish = (port: number, more: object[] = []) => ({
  PortBindings: Object.fromEntries(
    ["tcp", "udp"].map((protocol) => [`${service}/${protocol}`, [...bind("", port), ...more]]),
  ),
});
const on = (NetworkMode: string) => ({ NetworkMode });

const pids = new Map<Source, number>();
const destinations = new Map<string, { address: string; port: number }>();

/** A container of a dockerd, beside which ours have to get along. */
function startInDocker({ cli, host }: Dockerd): void {
  const docker = (...args: string[]): string => command([cli, "-H", host, ...args]).trim();
  command(["sh", "-c", `cd /bin && tar -ch busybox | ${cli} -H ${host} import - bb`]);
  const ports = ["tcp", "udp"].flatMap((protocol) => ["-p", `8201:${service}/${protocol}`]);
  const id = docker("run", "-d", ...ports, "bb", "/busybox", "sleep", "1000000");
  pids.set("docker", Number(docker("inspect", "-f", "{{.State.Pid}}", id)));
  destinations.set("docker", at(docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", id)));
}

async function visit(): Promise<Record<string, Record<string, string>>> {
  await using scope = new AsyncDisposableStack();
  const first = scope.use(await openLabDaemon("host"));
  const { api } = first;
  const v6 = { EnableIPv6: true, IPAM: { Config: [{ Subnet: "fd10:1::/64" }] } };
  await api.ok("POST", "/networks/create", { Name: "front", ...v6 });
  await api.ok("POST", "/networks/create", { Name: "back", Internal: true });

  const start = async (name: Source, daemon: typeof first, host: object): Promise<string> => {
    const id = await daemon.start(name, { ...host });
    pids.set(name, await daemon.pid(id));
    return id;
  };
  const direct = async (to: string, daemon: typeof first, id: string, network: string, family: "v4" | "v6" = "v4") =>
    void destinations.set(to, at(await daemon.address(id, network, family)));

  const web = await start("web", first, publish(8001, bind("127.0.0.1", 8002)));
  await direct("web", first, web, "bridge");
  await direct("plain", first, await start("plain", first, {}), "bridge");
  const front1 = await start("front1", first, { ...on("front"), ...publish(8003) });
  await direct("front1", first, front1, "front");
  await direct("front1 v6", first, front1, "front", "v6");
  await direct("front2", first, await start("front2", first, on("front")), "front");
  const both = await start("both", first, on("front"));
  await api.ok("POST", "/networks/back/connect", { Container: both });
  await direct("both on front", first, both, "front");
  await direct("both on back", first, both, "back");
  await direct("back1", first, await start("back1", first, on("back")), "back");
  await start("none", first, on("none"));
  const second = scope.use(await openLabDaemon("host"));
  await direct("other", second, await start("other", second, publish(8101)), "bridge");
  const host = addresses.host.v4;
  for (const [to, address, port] of [
    ["web published", host, 8001],
    ["front1 published", host, 8003],
    ["front1 published v6", addresses.host.v6, 8003],
    ["other published", host, 8101],
    ["docker published", host, 8201],
    ["web published, by localhost", "127.0.0.1", 8001],
    ["front1 published, by localhost", "127.0.0.1", 8003],
    ["web published on loopback only", "127.0.0.1", 8002],
    ["web published on loopback only, by the host's address", host, 8002],
    ["web not published", host, 8999],
    ["outside", addresses.outside.v4, service],
    ["outside v6", addresses.outside.v6, service],
    ["remote1", addresses.remote1.v4, service],
    ["host", host, service],
  ] as const) {
    if (!to.startsWith("docker") || pids.has("docker")) destinations.set(to, at(address, port));
  }
  // Others can try to go through the host.
  for (const { address } of destinations.values()) {
    const [via, own] = address.includes(":") ? [addresses.host.v6, "fd"] : [host, "192.168.77."];
    if (address.startsWith("127.") || address.startsWith(own) || address.startsWith("203.")) continue;
    for (const place of ["remote1", "remote2"]) runIn(place, `ip route replace ${address} via ${via}`);
  }
  for (const place of ["remote1", "remote2"]) runIn(place, `ip -6 route replace fd10:1::/64 via ${addresses.host.v6}`);

  const peers = new Map<Source, Peer>();
  for (const place of places) peers.set(place, scope.use(await openPeer(place, inNamespace(place), [service])));
  for (const [name, pid] of pids) peers.set(name, scope.use(await openPeer(name, inNetworkOf(pid), [service])));

  const asks: { rule: string; protocol: "tcp" | "udp"; ask: Ask }[] = [];
  for (const { to } of rules) {
    const destination = destinations.get(to);
    if (!destination) continue;
    for (const protocol of ["tcp", "udp"] as const)
      asks.push({ rule: to, protocol, ask: { protocol, ...destination } });
  }
  const seen: Record<string, Record<string, string>> = {};
  const askFrom = async (source: Source): Promise<void> => {
    const answers = await peers.get(source)?.ask(asks.map(({ ask }) => ask));
    const keys = asks.map(({ rule, protocol }) => `${rule} ${protocol}`);
    if (answers) seen[source] = Object.fromEntries(keys.map((key, n) => [key, answers[n] ?? ""]));
  };
  await Promise.all(sources.map(askFrom));
  return seen;
}

const docker = await startDockerd(livingIn("host"));
if (typeof docker !== "string") startInDocker(docker);
const before = stateOf("host");
const seen = await visit();
// The kernel takes dead namespaces' links down a moment later.
let after = stateOf("host");
for (let n = 0; n < 50 && after !== before; n++) after = stateOf("host");
if (typeof docker !== "string") await docker[Symbol.asyncDispose]();
process.stdout.write(
  `${JSON.stringify({ seen, skipped: typeof docker === "string" ? [docker] : [], before, after })}\n`,
);
process.exit(0);
