/**
 * Whether a subnet that was chosen is ours, once its bridge carries it: another daemon may have chosen it at the same
 * moment. Everybody puts the address up first and looks afterwards, so of two at least the later one sees the other, and
 * nobody keeps a subnet without having seen it free of others.
 */
import type { HostNetwork, HostRoute } from "../address/host.ts";
import { encloses, overlaps, type Subnet } from "../address/ip.ts";

/** `wait`: the others are daemons that go first in yielding. */
export type Verdict = "keep" | "wait" | "yield";

export type Claim = { tag: string; subnets: readonly Subnet[]; ownLinks: ReadonlySet<string> };

/** Of daemons the one with the higher tag yields; to anybody else we do. */
export function judgeRivals({ tag, subnets, ownLinks }: Claim, routes: readonly HostRoute[]): Verdict {
  const rivals = routes.filter(
    ({ link, subnet: other }) =>
      !ownLinks.has(link) &&
      link !== "lo" &&
      subnets.some((subnet) => encloses(subnet, other) || (tagOf(link) !== null && overlaps(subnet, other))),
  );
  if (rivals.length === 0) return "keep";
  return rivals.every(({ link }) => (tagOf(link) ?? "") > tag) ? "wait" : "yield";
}

/** Long enough for another daemon on a busy machine; one that has kept the subnet already stays longer. */
const looks = 50;
const betweenLooksMs = 10;

/** False when the subnets have to be given up. */
export async function holdsAgainstRivals(
  claim: Claim,
  host: HostNetwork,
  pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
): Promise<boolean> {
  for (let look = 0; look < looks; look++) {
    const verdict = judgeRivals(claim, host.routes());
    if (verdict !== "wait") return verdict === "keep";
    await pause(betweenLooksMs);
  }
  return false;
}

/** The home of a bridge that a daemon named; null for other links. */
function tagOf(link: string): string | null {
  return /^hbx([0-9a-f]{8})/.exec(link)?.[1] ?? null;
}
