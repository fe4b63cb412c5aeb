/** What must be right in a container, whatever it wants to reach. */
import { buildQuestion, readAnswer } from "./dns-message.ts";
import type { DoctorContainer } from "./facts.ts";
import { type Finding, fine, problem } from "./finding.ts";
import { errnos, type Patient } from "./patient.ts";
import { parseRouteTable } from "./routes-of.ts";

export const serviceAddress = "127.0.0.11";

/** Whether looking further makes sense is told beside the findings. */
export async function checkContainer(
  patient: Patient,
  container: DoctorContainer,
): Promise<{ findings: Finding[]; stop: boolean }> {
  const { name, mode } = container;
  if (!container.running)
    return {
      findings: [problem("container", `The container ${name} is not running.`, `hbx start ${name}`)],
      stop: true,
    };
  if (mode === "none")
    return {
      findings: [
        problem(
          "container",
          `The container ${name} was started with --network none: it has the loopback only.`,
          `hbx network connect bridge ${name}, or start it with a network`,
        ),
      ],
      stop: true,
    };
  if (container.endpoints.length === 0 || mode === "host")
    return {
      findings: [
        fine(
          "container",
          `The container ${name} uses the network of ${mode === "host" ? "the host" : "another container"}.`,
        ),
      ],
      stop: false,
    };
  const findings = [...(await checkLinks(patient, container))];
  if (findings.length === 0)
    findings.push(
      fine(
        "container",
        `The container ${name} is connected to ${listOf(container.endpoints.map(({ network }) => network))}.`,
      ),
    );
  const broken = findings.some(({ status }) => status === "problem");
  if (!broken) findings.push(...(await checkNames(patient, container)));
  return { findings, stop: broken };
}

async function checkLinks(
  { host, networks, reach }: Patient,
  { name, pid, endpoints }: DoctorContainer,
): Promise<Finding[]> {
  const routes = parseRouteTable(host.read(`/proc/${pid}/net/route`) ?? "");
  const internal = endpoints.every(({ network }) => networks.find((one) => one.name === network)?.internal);
  if (routes.length === 0)
    return [
      problem(
        "container",
        `The container ${name} has no route at all: its interface is down or has lost its address.`,
        `hbx restart ${name}`,
      ),
    ];
  if (!internal && !routes.some(({ prefix }) => prefix === 0))
    return [
      problem(
        "container",
        `The container ${name} has no default route: it reaches its own networks only.`,
        `hbx restart ${name}, or see what the program inside does with routes`,
      ),
    ];
  const findings: Finding[] = [];
  for (const { network, gateway } of endpoints) {
    if (gateway === "") continue;
    // Whatever it answers, the gateway's hardware address is known afterwards.
    const { errno } = await reach({ pid, protocol: "tcp", address: gateway, port: 9 });
    const known = host
      .read(`/proc/${pid}/net/arp`)
      ?.split("\n")
      .find((line) => line.startsWith(`${gateway} `));
    const silent = errno === errnos.noHost || (errno === errnos.timeout && !known?.includes(" 0x2 "));
    if (silent)
      findings.push(
        problem(
          "container",
          `The gateway ${gateway} of network ${network} does not answer: the link between the container ${name} and the network's bridge is down.`,
          `hbx network disconnect ${network} ${name}, then connect it again`,
        ),
      );
  }
  return findings;
}

/** Each server that the container's resolv.conf names is asked. */
async function checkNames({ host, reach }: Patient, { name, pid, resolvConf }: DoctorContainer): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const server of serversOf(host.read(resolvConf) ?? "")) {
    const { errno, reply } = await reach({
      pid,
      protocol: "udp",
      address: server,
      port: 53,
      payload: buildQuestion("localhost"),
    });
    if (errno === 0 && readAnswer(reply) !== null) continue;
    const own = server === serviceAddress;
    findings.push(
      problem(
        "names",
        own
          ? `The engine's name service does not answer in the container ${name}: names of containers and of the world are not found.`
          : `The name server ${server} of the container ${name} does not answer: names are not found.`,
        own
          ? "restart the daemon: it gives the container a new way to the name service"
          : "check the host's /etc/resolv.conf, or name another server with --dns",
      ),
    );
  }
  return findings.length > 0 ? findings : [fine("names", "Its name servers answer.")];
}

export function serversOf(resolvConf: string): string[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server = ""]) => server);
}

export function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
