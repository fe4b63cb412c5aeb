/**
 * Runs inside namespaces of its own (`unshare -n -m`): breaks one thing after the other in the lab, asks `hbx network doctor`
 * each time and repairs it. Prints what it said as one line of JSON for tests/integration/network-doctor.test.ts.
 */
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../home.ts";
import { tagOf } from "../kernel.ts";
import { openLabDaemon } from "./daemon.ts";
import { inNamespace, openPeer } from "./peer.ts";
import { addresses, buildTopology, run, runIn } from "./topology.ts";

buildTopology();
writeFileSync("/run/resolv.conf", `nameserver ${addresses.outside.v4}\n`);
run("mount --bind /run/resolv.conf /etc/resolv.conf");

type Said = { code: number; text: string };
const said: Record<string, Said> = {};

async function visit(): Promise<void> {
  await using scope = new AsyncDisposableStack();
  const resolver = spawn(
    "ip",
    [
      "netns",
      "exec",
      "outside",
      "python3",
      join(import.meta.dirname, "resolver.py"),
      addresses.outside.v4,
      `world.test=${addresses.outside.v4}`,
      "localhost=127.0.0.1",
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  scope.defer(() => void resolver.kill("SIGKILL"));
  await new Promise((resolve) => resolver.stdout.once("data", resolve));
  scope.use(await openPeer("outside", inNamespace("outside"), [7000]));
  const daemon = scope.use(await openLabDaemon("host"));
  const { api, env } = daemon;
  const doctor = (name: string, ...args: string[]): void => {
    const { status, stdout, stderr } = spawnSync(join(projectRoot, "bin/hbx"), ["network", "doctor", ...args], {
      env,
      encoding: "utf8",
    });
    said[name] = { code: status ?? -1, text: stdout + stderr };
  };

  const PortBindings = { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8081" }] };
  const web = await daemon.start("web", { PortBindings });
  const plain = await daemon.start("plain");
  await daemon.start("lonely", { NetworkMode: "none" });
  const { Id: stopped } = (
    await api.ok("POST", "/containers/create?name=stopped", { Image: "hyperbox/base", Cmd: ["true"] })
  ).json as { Id: string };
  const webAddress = await daemon.address(web, "bridge");
  const inPlain = (line: string): string => run(`nsenter -t ${pid} -n ${line}`);
  const pid = await daemon.pid(plain);
  const world = `${addresses.outside.v4}:7000`;
  const bridge = `hbx${tagOf(daemon.home)}`;

  doctor("healthy", "plain", world);
  doctor("healthy name", "plain", "world.test:7000");
  doctor("host alone");
  doctor("no target", "plain");
  doctor("stopped", stopped.slice(0, 12));
  doctor("no network", "lonely", world);
  doctor("unknown container", "nobody");
  doctor("bad target", "plain", "a:b:c");
  doctor("localhost", "plain", "localhost:5432");
  doctor("unknown name", "plain", "db");
  doctor("closed port", "plain", `${webAddress}:82`);
  doctor("not published", "plain", `${addresses.host.v4}:9999`);
  doctor("published on loopback", "plain", `${addresses.host.v4}:8081`);

  const code = 'import socket; s = socket.create_server(("127.0.0.1", 81)); print("up", flush=True); s.accept()';
  const enter = ["-t", String(await daemon.pid(web)), "-n", "python3", "-c", code];
  const listener = spawn("nsenter", enter, { stdio: ["ignore", "pipe", "inherit"] });
  scope.defer(() => void listener.kill("SIGKILL"));
  await new Promise((resolve) => listener.stdout.once("data", resolve));
  doctor("listens on loopback", "plain", `${webAddress}:81`);

  runIn("host", "sysctl -qw net.ipv4.ip_forward=0");
  doctor("no forwarding", "plain", world);
  runIn("host", "sysctl -qw net.ipv4.ip_forward=1");

  const nft = (line: string): string => runIn("host", `nft ${line}`);
  nft("add table inet corp");
  nft("add chain inet corp fence { type filter hook forward priority 5 ; policy accept ; }");
  nft(`add rule inet corp fence ip daddr 203.0.113.0/24 tcp dport 7000 drop`);
  doctor("firewall rule", "plain", world);
  nft("flush chain inet corp fence");
  nft("add chain inet corp fence { type filter hook forward priority 5 ; policy drop ; }");
  doctor("firewall policy", "plain", world);
  nft("delete table inet corp");

  const route = inPlain("ip route show default").trim();
  inPlain("ip route del default");
  doctor("no default route", "plain", world);
  inPlain(`ip route add ${route}`);
  inPlain("ip link set eth0 down");
  doctor("interface down", "plain", world);
  inPlain("ip link set eth0 up");
  inPlain(`ip route add ${route}`);

  const subnet =
    ((await api.ok("GET", "/networks/bridge")).json as { IPAM: { Config: { Subnet: string }[] } }).IPAM.Config[0]
      ?.Subnet ?? "";
  const part = subnet.replace(/\.0\.0\/\d+$/, ".200.0/24");
  runIn("host", "ip link add vpn0 type veth peer name vpn1");
  runIn("host", "ip link set vpn0 up");
  runIn("host", `ip route add ${part} dev vpn0`);
  doctor("address conflict", "plain");
  runIn("host", "ip link del vpn0");

  resolver.kill("SIGSTOP");
  doctor("silent resolver", "plain", "world.test:7000");
  resolver.kill("SIGCONT");

  runIn("host", `ip link set ${bridge} down`);
  doctor("bridge down", "plain", world);
  runIn("host", `ip link set ${bridge} up`);
  const ports = run(`ip netns exec host bridge link show`)
    .split("\n")
    .filter((line) => line.includes(bridge));
  for (const port of ports) runIn("host", `ip link set ${port.split(" ")[1]?.replace(/[:@].*/, "")} down`);
  doctor("link down", "plain", world);
}

await visit();
process.stdout.write(`${JSON.stringify(said)}\n`);
process.exit(0);
