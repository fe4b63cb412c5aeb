/** What must be right on the host for any container. */
import type { DoctorNetwork } from "./facts.ts";
import { type Finding, fine, problem, unknown } from "./finding.ts";
import type { Patient } from "./patient.ts";
import { formatV4, parseRouteTable, parseSubnetV4, within } from "./routes-of.ts";

export function checkHost(patient: Patient): Finding[] {
  const bridges = patient.networks.filter((network) => network.bridge !== "" && inUse(patient, network));
  return [
    checkForwarding(patient),
    ...checkTable(patient, bridges),
    ...bridges.flatMap((one) => checkBridge(patient, one)),
  ];
}

/** Only with containers does a network need its bridge. */
function inUse({ containers }: Patient, { name }: DoctorNetwork): boolean {
  return containers.some(({ running, endpoints }) => running && endpoints.some(({ network }) => network === name));
}

function checkForwarding({ host }: Patient): Finding {
  const value = host.read("/proc/sys/net/ipv4/ip_forward")?.trim();
  if (value === "1") return fine("forwarding", "The host forwards packets.");
  return problem(
    "forwarding",
    "The host forwards no packets (net.ipv4.ip_forward is 0): containers reach nothing beyond the host, and published ports answer to nobody.",
    "sysctl -w net.ipv4.ip_forward=1",
  );
}

function checkTable({ rules, table }: Patient, bridges: readonly DoctorNetwork[]): Finding[] {
  if (rules === null)
    return [
      unknown(
        "firewall",
        "The host's firewall rules cannot be read: nft is not installed.",
        "install the package nftables",
      ),
    ];
  if (bridges.length === 0 || rules.ruleset.chains.some((chain) => chain.table === table)) return [];
  return [
    problem(
      "firewall",
      `The engine's own firewall table ${table} is missing, somebody flushed it: published ports and the way out do not work.`,
      "restart the daemon: it makes the table again",
    ),
  ];
}

function checkBridge({ host }: Patient, { name, bridge, subnets }: DoctorNetwork): Finding[] {
  const state = host.read(`/sys/class/net/${bridge}/operstate`)?.trim();
  const flags = Number(host.read(`/sys/class/net/${bridge}/flags`)?.trim() ?? 0);
  if (state === undefined)
    return [
      problem(
        `network ${name}`,
        `Its bridge ${bridge} does not exist, somebody deleted it.`,
        "restart the daemon, then its containers",
      ),
    ];
  if ((flags & 1) === 0)
    return [problem(`network ${name}`, `Its bridge ${bridge} is down.`, `ip link set ${bridge} up`)];
  const routes = parseRouteTable(host.read("/proc/net/route") ?? "");
  for (const text of subnets) {
    const subnet = parseSubnetV4(text);
    const other = routes.find(
      (route) =>
        subnet !== null &&
        route.prefix > 0 &&
        route.link !== bridge &&
        (within(route.destination, subnet) || within(subnet.destination, route)),
    );
    if (other)
      return [
        problem(
          `network ${name}`,
          `Its subnet ${text} overlaps the host's route ${formatV4(other.destination)}/${other.prefix} by ${other.link}: one of them cannot be reached.`,
          `make the network anew with another --subnet, or remove the route by ${other.link}`,
        ),
      ];
  }
  return [fine(`network ${name}`, `Its bridge ${bridge} is up and its subnet is nobody else's.`)];
}
