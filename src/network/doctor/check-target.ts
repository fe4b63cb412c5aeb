/** The way from a container to what it wants to reach. */
import { isIP } from "node:net";
import { listOf, serversOf } from "./check-container.ts";
import { checkFirewall } from "./check-firewall.ts";
import { buildQuestion, readAnswer } from "./dns-message.ts";
import type { DoctorContainer } from "./facts.ts";
import { type Finding, fine, problem, unknown } from "./finding.ts";
import { listensOn } from "./listens-on.ts";
import { isOwnAddress } from "./own-address.ts";
import { errnos, type Patient } from "./patient.ts";
import { parseV4 } from "./routes-of.ts";
import type { Target } from "./target.ts";

export async function checkTarget(patient: Patient, container: DoctorContainer, target: Target): Promise<Finding[]> {
  const { host, port } = target;
  const peer = patient.containers.find(
    (one) => one.name === host || one.id === host || (host.length >= 12 && one.id.startsWith(host)),
  );
  if (isLoopback(host)) return checkLoopback(patient, container, target);
  if (peer && peer.id !== container.id) {
    const apart = checkPeer(patient, container, peer);
    if (apart) return [apart];
  }
  const findings: Finding[] = [];
  let address = host;
  if (isIP(host) === 0) {
    const found = await lookUp(patient, container, host);
    findings.push(found.finding);
    if (found.address === null) return findings;
    address = found.address;
  }
  const owner = patient.containers.find(({ endpoints }) =>
    endpoints.some((one) => one.address === address || one.address6 === address),
  );
  if (owner === undefined && !leaves(patient, container)) {
    const names = listOf(container.endpoints.map(({ network }) => network));
    return [
      ...findings,
      problem(
        "way",
        `The container ${container.name} is on internal networks only (${names}), which have no way out to ${address}.`,
        `hbx network connect bridge ${container.name}`,
      ),
    ];
  }
  if (owner && owner.id !== container.id) {
    const apart = checkPeer(patient, container, owner);
    if (apart) return [...findings, apart];
  } else {
    const stopped = checkFirewall(patient, container, address, target);
    if (stopped) findings.push(stopped);
  }
  findings.push(await tryIt(patient, container, address, target, owner ?? null));
  return port === null ? findings.filter((finding) => finding.check !== "port") : findings;
}

function leaves({ networks }: Patient, { endpoints, mode }: DoctorContainer): boolean {
  return (
    mode === "host" ||
    endpoints.length === 0 ||
    endpoints.some(({ network }) => !networks.find((one) => one.name === network)?.internal)
  );
}

function checkLoopback({ host: view }: Patient, container: DoctorContainer, { host, port }: Target): Finding[] {
  const listens = port === null ? null : listensOn(view, container.pid, port);
  if (listens === "nobody" || port === null)
    return [
      problem(
        "target",
        `Inside the container ${container.name}, ${host} is the container itself, not the host${port === null ? "" : `, and nothing in it listens on port ${port}`}.`,
        "use the other container's name, or for the host start with --add-host host.docker.internal:host-gateway",
      ),
    ];
  return [fine("target", `${host} is the container itself, where something listens on port ${port}.`)];
}

/** Why two containers cannot see each other; null where they share a network. */
function checkPeer(_: Patient, container: DoctorContainer, peer: DoctorContainer): Finding | null {
  if (!peer.running) return problem("target", `The container ${peer.name} is not running.`, `hbx start ${peer.name}`);
  const mine = container.endpoints.map(({ network }) => network);
  const theirs = peer.endpoints.map(({ network }) => network);
  if (mine.some((network) => theirs.includes(network))) return null;
  const on = (networks: readonly string[]) => (networks.length === 0 ? "no network" : listOf(networks));
  return problem(
    "target",
    `The containers ${container.name} (on ${on(mine)}) and ${peer.name} (on ${on(theirs)}) share no network: they cannot see each other.`,
    `hbx network connect ${theirs[0] ?? "NETWORK"} ${container.name}`,
  );
}

async function lookUp(
  { host, reach }: Patient,
  { name, pid, resolvConf, endpoints }: DoctorContainer,
  wanted: string,
): Promise<{ finding: Finding; address: string | null }> {
  const server = serversOf(host.read(resolvConf) ?? "")[0];
  const failed = (text: string, advice: string) => ({ finding: problem("names", text, advice), address: null });
  if (server === undefined) return failed(`The container ${name} has no name server.`, "name one with --dns");
  const { errno, reply } = await reach({
    pid,
    protocol: "udp",
    address: server,
    port: 53,
    payload: buildQuestion(wanted),
  });
  const answer = errno === 0 ? readAnswer(reply) : null;
  if (answer === null)
    return failed(
      `The name server ${server} does not answer when asked for ${wanted}.`,
      "check that the host's own names work",
    );
  const networks = listOf(endpoints.map(({ network }) => network));
  const onDefault = endpoints.some(({ network }) => network === "bridge");
  if (answer.code === "no such name")
    return failed(
      `Nobody is called ${wanted}: neither a container on ${networks} nor a host outside.`,
      onDefault
        ? "containers on the default bridge have no names: make a network of your own with `hbx network create`"
        : "check the name and that its container runs on the same network",
    );
  if (answer.code === "failure")
    return failed(
      `The name ${wanted} cannot be resolved: the resolvers of the host do not know or do not answer.`,
      "check the host's /etc/resolv.conf and that its resolvers are reached",
    );
  const [address] = answer.addresses;
  if (address === undefined) return { finding: unknown("names", `${wanted} has no IPv4 address.`), address: null };
  return { finding: fine("names", `${wanted} is ${address}.`), address };
}

async function tryIt(
  patient: Patient,
  container: DoctorContainer,
  address: string,
  target: Target,
  owner: DoctorContainer | null,
): Promise<Finding> {
  const { host: view, containers, reach } = patient;
  const port = target.port ?? 443;
  const { errno } = await reach({ pid: container.pid, protocol: target.protocol, address, port });
  const where = `${address}:${port}`;
  if (errno === 0) return fine("port", `${where} answers.`);
  if (errno === errnos.refused) {
    if (owner && listensOn(view, owner.pid, port) === "loopback")
      return problem(
        "port",
        `The program in ${owner.name} listens on port ${port} of its loopback (127.0.0.1) only: others cannot reach it.`,
        "let it listen on 0.0.0.0",
      );
    const published = containers.flatMap((one) =>
      one.ports.filter(({ hostPort }) => hostPort === port).map((binding) => ({ ...binding, name: one.name })),
    );
    if (isOwnAddress(view, address)) {
      const bound = published.find(({ hostIp }) => hostIp.startsWith("127."));
      if (bound)
        return problem(
          "port",
          `Port ${port} of the host leads to ${bound.name}, but is published on ${bound.hostIp} only: other hosts and containers cannot reach it.`,
          `publish it on every address: -p ${port}:${bound.guestPort}`,
        );
      if (published.length === 0)
        return problem(
          "port",
          `No running container publishes port ${port} on the host, and no other program listens there.`,
          `start the container with -p ${port}:PORT`,
        );
    }
    return problem(
      "port",
      `${where} is reached, but nothing listens on port ${port} there.`,
      "check that the program runs and which port it listens on",
    );
  }
  if (errno === errnos.timeout && target.protocol === "udp")
    return unknown("port", `${where} gave no answer, which by UDP says little.`);
  if (errno === errnos.timeout)
    return problem(
      "way",
      `${where} does not answer: packets are lost on the way there or back.`,
      "look for a firewall between the host and the target",
    );
  if (errno === errnos.noRoute)
    return problem(
      "way",
      `There is no route from the container ${container.name} to ${address}.`,
      "see its networks with `hbx inspect`",
    );
  if (errno === errnos.noHost)
    return problem(
      "way",
      `Nobody has the address ${address}, or a firewall rejects packets to it.`,
      "check that the target is up",
    );
  return problem("way", `${where} cannot be reached (errno ${errno}).`, "");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (parseV4(host) !== null && host.startsWith("127."));
}
