/** The host's nftables rules, as `nft --json list ruleset` prints them. iptables of today are among them. */

export type Expression = Record<string, unknown>;
export type Rule = { handle: number; expressions: Expression[] };
export type Chain = {
  family: string;
  table: string;
  name: string;
  /** For a base chain. */
  hook: { type: string; name: string; priority: number; policy: string } | null;
  rules: Rule[];
};
export type Ruleset = {
  chains: Chain[];
  /** `family table name` → elements. */
  sets: Map<string, unknown[]>;
};

type Json = Record<string, unknown>;
const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

/** Null for what is no ruleset. */
export function parseRuleset(text: string): Ruleset | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const list = object(json)["nftables"];
  if (!Array.isArray(list)) return null;
  const chains: Chain[] = [];
  const sets = new Map<string, unknown[]>();
  for (const entry of list.map(object)) {
    const [chain, rule, set] = [entry["chain"], entry["rule"], entry["set"]].map(object);
    if (entry["chain"] !== undefined) chains.push(readChain(chain ?? {}));
    if (entry["set"] !== undefined && Array.isArray(set?.["elem"]))
      sets.set(`${set["family"]} ${set["table"]} ${set["name"]}`, set["elem"]);
    if (entry["rule"] !== undefined) addRule(chains, rule ?? {});
  }
  return { chains, sets };
}

function readChain(json: Json): Chain {
  const { family, table, name, hook, type, prio, policy } = json;
  const base = {
    type: String(type),
    name: String(hook),
    priority: Number(prio ?? 0),
    policy: String(policy ?? "accept"),
  };
  return {
    family: String(family),
    table: String(table),
    name: String(name),
    hook: hook === undefined ? null : base,
    rules: [],
  };
}

function addRule(chains: Chain[], json: Json): void {
  const { family, table, chain, handle, expr } = json;
  const home = chains.find((one) => one.family === family && one.table === table && one.name === chain);
  home?.rules.push({ handle: Number(handle), expressions: Array.isArray(expr) ? expr.map(object) : [] });
}

/** A rule as its owner wrote it, from `nft --handle list ruleset`; counters are left out. */
export function ruleText(listing: string, chain: Chain, handle: number): string {
  const tables = listing.split(/^(?=table )/m);
  const table = tables.find((block) => block.startsWith(`table ${chain.family} ${chain.table} {`)) ?? "";
  const chains = table.split(/^\t(?=chain )/m);
  const block = chains.find((text) => text.startsWith(`chain ${chain.name} {`)) ?? "";
  const line = block.split("\n").find((text) => text.endsWith(`# handle ${handle}`)) ?? "";
  return line
    .replace(/# handle \d+$/, "")
    .replace(/counter packets \d+ bytes \d+ /, "")
    .trim();
}
