/**
 * The lab's world, all of it inside one network namespace of its own: `host`, where the daemons run, on a network with
 * `remote1` and `remote2`, and behind the router (the lab's own namespace) `outside`.
 *
 *   host .10 ──┐
 *   remote1 .11 ├── lan0 192.168.77.1, fd77::1 (router) ── 203.0.113.1, fd99::1 ── outside 203.0.113.9, fd99::9
 *   remote2 .12 ┘
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

export const addresses = {
  host: { v4: "192.168.77.10", v6: "fd77::10" },
  remote1: { v4: "192.168.77.11", v6: "fd77::11" },
  remote2: { v4: "192.168.77.12", v6: "fd77::12" },
  outside: { v4: "203.0.113.9", v6: "fd99::9" },
} as const;

export type Place = keyof typeof addresses;
export const places = Object.keys(addresses) as Place[];

const cgroups = "/run/cgroups";

/** The command that runs another at a place, with a /sys that shows its links, and the machine's cgroups. */
export function livingIn(place: Place): string[] {
  const script = `mount -t sysfs sysfs /sys; mount --rbind ${cgroups} /sys/fs/cgroup; exec "$@"`;
  return ["nsenter", `--net=/run/netns/${place}`, "unshare", "--mount", "sh", "-ec", script, "sh"];
}

/** Runs a command; throws with what it said. */
export function run(line: string): string {
  const [program = "", ...args] = line.split(" ");
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${line}: ${stderr || status}`);
  return stdout;
}

export const runIn = (place: string, line: string): string => run(`ip netns exec ${place} ${line}`);

/** In the namespaces that `unshare -n -m` gave this process. */
export function buildTopology(): void {
  run("mount --make-rprivate /");
  run("mount -t tmpfs tmpfs /run"); // its netns folder is the lab's own
  mkdirSync(cgroups);
  run(`mount --rbind /sys/fs/cgroup ${cgroups}`);
  run("ip link set lo up");
  run("ip link add lan0 type bridge");
  run("ip addr add 192.168.77.1/24 dev lan0");
  run("ip -6 addr add fd77::1/64 dev lan0 nodad");
  run("ip link set lan0 up");
  for (const place of places) join(place);
  run("ip addr add 203.0.113.1/24 dev outside");
  run("ip -6 addr add fd99::1/64 dev outside nodad");
  for (const setting of ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]) run(`sysctl -qw ${setting}`);
  // The host forwards already, as any with a router's or another engine's duties does.
  for (const setting of ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
    runIn("host", `sysctl -qw ${setting}`);
}

function join(place: Place): void {
  const { v4, v6 } = addresses[place];
  run(`ip netns add ${place}`);
  run(`ip link add ${place} type veth peer name eth0 netns ${place}`);
  if (place !== "outside") run(`ip link set ${place} master lan0`);
  run(`ip link set ${place} up`);
  runIn(place, "ip link set lo up");
  runIn(place, `ip addr add ${v4}/24 dev eth0`);
  runIn(place, `ip -6 addr add ${v6}/64 dev eth0 nodad`);
  runIn(place, "ip link set eth0 up");
  const [gateway4, gateway6] = place === "outside" ? ["203.0.113.1", "fd99::1"] : ["192.168.77.1", "fd77::1"];
  runIn(place, `ip route add default via ${gateway4}`);
  runIn(place, `ip -6 route add default via ${gateway6}`);
}

/** Links, addresses, routes, rules and firewall of a place. Counters and ages are left out. */
export function stateOf(place: string): string {
  const parts = [
    "ip -br link",
    "ip -br addr",
    "ip route show table all",
    "ip -6 route show",
    "ip rule",
    "nft list ruleset",
  ];
  const text = parts.map((part) => runIn(place, part)).join("\n");
  return text
    .split("\n")
    .map((line) => line.replace(/ expires \S+| hoplimit \d+|proto kernel|if\d+| packets \d+ bytes \d+/g, "").trim())
    .filter((line) => line !== "" && !line.includes("fe80::") && !line.startsWith("multicast ff00::"))
    .sort()
    .join("\n");
}
