/** The doctor's round: the host, the container, the way to the target. */
import { containerUnknown } from "../errors.ts";
import { checkContainer } from "./check-container.ts";
import { checkFirewall } from "./check-firewall.ts";
import { checkHost } from "./check-host.ts";
import { checkTarget } from "./check-target.ts";
import type { DoctorContainer } from "./facts.ts";
import { type Finding, fine } from "./finding.ts";
import type { Patient } from "./patient.ts";
import { parseTarget } from "./target.ts";

/** Somebody outside, where no target is named (a documentation address: no rule is about it alone). */
const anybody = "198.51.100.1";

export async function diagnose(patient: Patient, ref: string | null, targetText: string | null): Promise<Finding[]> {
  const target = targetText === null ? null : parseTarget(targetText);
  const container = ref === null ? null : findContainer(patient, ref);
  const findings = checkHost(patient);
  if (container === null) return findings;
  const { findings: inside, stop } = await checkContainer(patient, container);
  findings.push(...inside);
  if (stop) return findings;
  if (target) findings.push(...(await checkTarget(patient, container, target)));
  else {
    const stopped = checkFirewall(patient, container, anybody, { port: 443, protocol: "tcp" });
    findings.push(stopped ?? fine("firewall", "No rule that can be read stops its packets on their way out."));
  }
  return findings;
}

function findContainer({ containers }: Patient, ref: string): DoctorContainer {
  const byName = containers.find(({ name, id }) => name === ref || id === ref);
  const byId = containers.filter(({ id }) => ref.length >= 3 && id.startsWith(ref));
  const found = byName ?? (byId.length === 1 ? byId[0] : undefined);
  if (!found) throw containerUnknown(ref);
  return found;
}
