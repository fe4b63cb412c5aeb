/** Whether a foreign rule stops packets from a container to an address. */
import type { DoctorContainer } from "./facts.ts";
import { type Finding, problem, unknown } from "./finding.ts";
import { judgePacket, type Packet, type Stop } from "./judge-packet.ts";
import { isOwnAddress } from "./own-address.ts";
import type { Patient } from "./patient.ts";
import { parseRouteTable, parseV4, routeTo } from "./routes-of.ts";
import { ruleText } from "./ruleset.ts";
import type { Target } from "./target.ts";

/** Null: nothing that can be read stops them. */
export function checkFirewall(
  patient: Patient,
  container: DoctorContainer,
  address: string,
  target: Pick<Target, "port" | "protocol">,
): Finding | null {
  const { rules, networks, host } = patient;
  const inside = parseRouteTable(host.read(`/proc/${container.pid}/net/route`) ?? "");
  const way = routeTo(inside, address);
  const endpoint = container.endpoints.find(({ gateway }) => gateway === way?.gateway) ?? container.endpoints[0];
  const bridge = networks.find(({ name }) => name === endpoint?.network)?.bridge;
  if (rules === null || !endpoint || !bridge || parseV4(address) === null) return null;
  const local = isOwnAddress(host, address);
  const out = routeTo(parseRouteTable(host.read("/proc/net/route") ?? ""), address);
  if (!local && out === null)
    return problem("way", `The host itself has no route to ${address}.`, "check the host's routes: ip route");
  const packet: Packet = {
    ...{ iif: bridge, oif: out?.link ?? "", saddr: endpoint.address, daddr: address },
    ...{ protocol: target.protocol, dport: target.port ?? 443, redirected: false },
  };
  for (const hook of ["prerouting", local ? "input" : "forward"]) {
    const stop = judgePacket(rules.ruleset, hook, packet);
    if (stop) return explain(stop, rules.listing, container, address, bridge);
  }
  return null;
}

function explain(
  { chain, rule, certain }: Stop,
  listing: string,
  { name }: DoctorContainer,
  address: string,
  bridge: string,
): Finding {
  const place = `chain ${chain.name} of the firewall table ${chain.family} ${chain.table}`;
  const what = rule
    ? `The rule \`${ruleText(listing, chain, rule.handle)}\` in ${place}`
    : `The policy of ${place}, which drops what no rule of it accepts,`;
  const advice = `let the bridge through there, for example: nft insert rule ${chain.family} ${chain.table} ${chain.name} iifname ${bridge} accept`;
  return certain
    ? problem("firewall", `${what} stops packets from the container ${name} to ${address}.`, advice)
    : unknown(
        "firewall",
        `${what} may stop packets from the container ${name} to ${address}: not all of its conditions can be read.`,
        advice,
      );
}
