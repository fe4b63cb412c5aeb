/**
 * Follows a packet through the host's rules as far as they can be read, and tells which rule stops it. What cannot be
 * read (extensions of iptables, marks, limits) may match or not: a stop behind it is told as possible.
 */
import { parseSubnetV4, parseV4, within } from "./routes-of.ts";
import type { Chain, Expression, Rule, Ruleset } from "./ruleset.ts";

export type Packet = {
  iif: string;
  oif: string;
  saddr: string;
  daddr: string;
  protocol: "tcp" | "udp";
  dport: number;
  /** It goes to a published port: its destination was rewritten. */
  redirected: boolean;
};

/** `rule` null: the chain's policy. */
export type Stop = { chain: Chain; rule: Rule | null; certain: boolean };
type Match = "yes" | "no" | "perhaps";
type Outcome = { verdict: "stop" | "accept" | "continue"; stop?: Stop; certain: boolean };

/** What stops `packet` at `hook`, among the tables that are not ours; null when nothing does. */
export function judgePacket(ruleset: Ruleset, hook: string, packet: Packet): Stop | null {
  const bases = ruleset.chains
    .filter((chain) => chain.hook?.name === hook && chain.hook.type === "filter" && !chain.table.startsWith("hbx_"))
    .filter(({ family }) => family === "ip" || family === "inet")
    .sort((a, b) => (a.hook?.priority ?? 0) - (b.hook?.priority ?? 0));
  let possible: Stop | null = null;
  for (const base of bases) {
    const { verdict, stop, certain } = walk(ruleset, base, packet, 0);
    const ends: Stop | undefined =
      stop ?? (verdict !== "accept" && base.hook?.policy === "drop" ? { chain: base, rule: null, certain } : undefined);
    if (ends?.certain) return ends;
    possible ??= ends ?? null;
  }
  return possible;
}

const deepest = 16;

function walk(ruleset: Ruleset, chain: Chain, packet: Packet, depth: number): Outcome {
  let certain = true;
  let possible: Stop | undefined;
  for (const rule of chain.rules) {
    const match = matches(ruleset, chain, rule.expressions, packet);
    if (match === "no") continue;
    const action = actionOf(rule.expressions);
    const sure = match === "yes" && certain;
    if (action.kind === "stop") {
      if (sure) return { verdict: "stop", stop: { chain, rule, certain: true }, certain };
      possible ??= { chain, rule, certain: false };
      if (match === "yes") return { verdict: "stop", stop: possible, certain };
    } else if (action.kind === "accept") {
      if (match === "yes") return { verdict: "accept", ...(possible ? { stop: possible } : {}), certain };
      certain = false;
    } else if (action.kind === "return") {
      if (match === "yes") break;
      certain = false;
    } else if (action.kind === "jump" && depth < deepest) {
      const target = ruleset.chains.find(
        ({ family, table, name }) => family === chain.family && table === chain.table && name === action.target,
      );
      if (!target) continue;
      const inner = walk(ruleset, target, packet, depth + 1);
      if (inner.stop) {
        const stop = { ...inner.stop, certain: inner.stop.certain && sure };
        if (stop.certain) return { verdict: "stop", stop, certain };
        possible ??= stop;
      }
      if (inner.verdict === "accept" && match === "yes")
        return { verdict: "accept", ...(possible ? { stop: possible } : {}), certain };
      certain = certain && inner.certain && match === "yes";
    }
  }
  return { verdict: "continue", ...(possible ? { stop: possible } : {}), certain };
}

type Action = { kind: "stop" | "accept" | "return" | "none" } | { kind: "jump"; target: string };

function actionOf(expressions: readonly Expression[]): Action {
  for (const expression of expressions) {
    if ("drop" in expression || "reject" in expression) return { kind: "stop" };
    if ("accept" in expression) return { kind: "accept" };
    if ("return" in expression) return { kind: "return" };
    const jump = (expression["jump"] ?? expression["goto"]) as { target?: unknown } | undefined;
    if (jump) return { kind: "jump", target: String(jump.target) };
    const extension = expression["xt"] as { type?: unknown; name?: unknown } | undefined;
    if (extension?.type === "target" && (extension.name === "REJECT" || extension.name === "DROP"))
      return { kind: "stop" };
  }
  return { kind: "none" };
}

function matches(ruleset: Ruleset, chain: Chain, expressions: readonly Expression[], packet: Packet): Match {
  let result: Match = "yes";
  for (const expression of expressions) {
    let match: Match = "yes";
    if ("match" in expression) match = matchOne(ruleset, chain, expression["match"] as Comparison, packet);
    else if ("limit" in expression || "vmap" in expression) match = "perhaps";
    else if ("xt" in expression && (expression["xt"] as { type?: unknown }).type !== "target") match = "perhaps";
    if (match === "no") return "no";
    if (match === "perhaps") result = "perhaps";
  }
  return result;
}

type Comparison = { op: string; left: unknown; right: unknown };

function matchOne(ruleset: Ruleset, chain: Chain, { op, left, right }: Comparison, packet: Packet): Match {
  const value = valueIn(left, packet);
  if (value === null) return "perhaps";
  const found = among(ruleset, chain, value, right);
  if (found === "perhaps") return "perhaps";
  return (found === "yes") === (op !== "!=") ? "yes" : "no";
}

/** What the packet has there: alternatives, all of which are true of it; null where it cannot be told. */
function valueIn(left: unknown, packet: Packet): (string | number)[] | null {
  const { meta, payload, ct } = left as Record<string, { key?: string; protocol?: string; field?: string } | undefined>;
  if (meta?.key === "iifname" || meta?.key === "iif") return [packet.iif];
  if (meta?.key === "oifname" || meta?.key === "oif") return [packet.oif];
  if (meta?.key === "l4proto") return [packet.protocol];
  if (meta?.key === "nfproto") return ["ipv4"];
  if (payload?.protocol === "ip" && payload.field === "saddr") return [packet.saddr];
  if (payload?.protocol === "ip" && payload.field === "daddr") return [packet.daddr];
  if (payload?.protocol === "ip" && payload.field === "protocol") return [packet.protocol];
  if (payload?.protocol === "ip6") return ["another family"];
  if (payload?.field === "dport")
    return payload.protocol === packet.protocol || payload.protocol === "th" ? [packet.dport] : ["another protocol"];
  if (ct?.key === "state") return ["new"];
  if (ct?.key === "status") return packet.redirected ? ["dnat"] : ["none"];
  return null;
}

function among(ruleset: Ruleset, chain: Chain, values: (string | number)[], right: unknown): Match {
  if (Array.isArray(right)) return any(right.map((one) => among(ruleset, chain, values, one)));
  if (typeof right === "string" && right.startsWith("@")) {
    const elements = ruleset.sets.get(`${chain.family} ${chain.table} ${right.slice(1)}`);
    return elements === undefined ? "no" : among(ruleset, chain, values, elements);
  }
  if (typeof right === "string" && right.endsWith("*"))
    return values.some((value) => String(value).startsWith(right.slice(0, -1))) ? "yes" : "no";
  if (typeof right === "string" || typeof right === "number")
    return values.some((value) => String(value) === String(right)) ? "yes" : "no";
  const { set, prefix, range, elem } = right as Record<string, unknown>;
  if (set !== undefined) return among(ruleset, chain, values, set);
  if (elem !== undefined) return among(ruleset, chain, values, (elem as { val?: unknown }).val ?? elem);
  if (prefix !== undefined) {
    const { addr, len } = prefix as { addr: string; len: number };
    const subnet = parseSubnetV4(`${addr}/${len}`);
    const addresses = values.map((value) => parseV4(String(value)));
    return subnet && addresses.some((address) => address !== null && within(address, subnet)) ? "yes" : "no";
  }
  if (Array.isArray(range)) {
    const number = (value: unknown): number =>
      typeof value === "number" ? value : (parseV4(String(value)) ?? Number.NaN);
    const [from, to] = range.map(number);
    return values.map(number).some((value) => value >= (from ?? 0) && value <= (to ?? 0)) ? "yes" : "no";
  }
  return "perhaps";
}

function any(matches: readonly Match[]): Match {
  if (matches.includes("yes")) return "yes";
  return matches.includes("perhaps") ? "perhaps" : "no";
}
