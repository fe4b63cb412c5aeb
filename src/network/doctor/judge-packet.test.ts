import { expect, test } from "bun:test";
import { judgePacket, type Packet } from "./judge-packet.ts";
import { parseRuleset, type Ruleset, ruleText } from "./ruleset.ts";

const packet: Packet = {
  ...{
    iif: "hbx0",
    oif: "eth0",
    saddr: "172.20.0.5",
    daddr: "192.0.2.9",
    protocol: "tcp",
    dport: 443,
    redirected: false,
  },
};
const equals = (left: object, right: unknown, op = "==") => ({ match: { op, left, right } });
const meta = (key: string) => ({ meta: { key } });
const address = (field: string) => ({ payload: { protocol: "ip", field } });

type Lines = Record<string, unknown[][]>;
/** A table with a forward chain and others that it may jump to. */
function rules(chains: Lines, policy = "accept", table = "fw"): Ruleset {
  const list: unknown[] = [];
  let handle = 1;
  for (const [name, lines] of Object.entries(chains)) {
    const base = name === "forward" ? { type: "filter", hook: "forward", prio: 0, policy } : {};
    list.push({ chain: { family: "inet", table, name, ...base } });
    for (const expr of lines) list.push({ rule: { family: "inet", table, chain: name, handle: handle++, expr } });
  }
  const parsed = parseRuleset(JSON.stringify({ nftables: list }));
  if (!parsed) throw new Error("not a ruleset");
  return parsed;
}
const stopped = (ruleset: Ruleset, change: Partial<Packet> = {}) => {
  const stop = judgePacket(ruleset, "forward", { ...packet, ...change });
  return stop && `${stop.chain.name} ${stop.rule?.handle ?? "policy"}${stop.certain ? "" : " perhaps"}`;
};
const drop = { drop: null };

test("judgePacket() names the rule that stops it, and none that does not match", () => {
  const ruleset = rules({
    forward: [
      [equals(meta("iifname"), "other"), drop],
      [equals(address("daddr"), { prefix: { addr: "198.51.100.0", len: 24 } }), drop],
      [
        equals(address("saddr"), { set: ["10.0.0.1", { prefix: { addr: "172.16.0.0", len: 12 } }] }),
        { counter: {} },
        drop,
      ],
    ],
  });
  expect(stopped(ruleset)).toBe("forward 3");
  expect(stopped(ruleset, { saddr: "192.168.0.1" })).toBeNull();
  expect(stopped(ruleset, { iif: "other" })).toBe("forward 1");
});

test("judgePacket() stops at an accept, and follows jumps and returns", () => {
  const port = { payload: { protocol: "tcp", field: "dport" } };
  const ruleset = rules(
    {
      forward: [[{ jump: { target: "users" } }], [equals(meta("oifname"), "eth*"), { accept: null }]],
      users: [
        [equals(port, { range: [1, 80] }), { return: null }],
        [equals(port, 22), drop],
        [equals(port, { set: [8080, 9090] }), { reject: {} }],
      ],
    },
    "drop",
  );
  expect(stopped(ruleset)).toBeNull();
  expect(stopped(ruleset, { dport: 22 })).toBeNull();
  expect(stopped(ruleset, { dport: 9090 })).toBe("users 5");
  expect(stopped(ruleset, { oif: "wlan0" })).toBe("forward policy");
});

test("judgePacket() knows states: a packet is new, and redirected when it goes to a published port", () => {
  const ruleset = rules(
    {
      forward: [
        [equals({ ct: { key: "state" } }, ["established", "related"], "in"), { accept: null }],
        [equals({ ct: { key: "status" } }, "dnat", "in"), { accept: null }],
      ],
    },
    "drop",
  );
  expect(stopped(ruleset)).toBe("forward policy");
  expect(stopped(ruleset, { redirected: true })).toBeNull();
});

test("judgePacket() says perhaps where a match cannot be read", () => {
  const extension = { xt: { type: "match", name: "owner" } };
  expect(stopped(rules({ forward: [[extension, drop]] }))).toBe("forward 1 perhaps");
  expect(stopped(rules({ forward: [[extension, { accept: null }]] }, "drop"))).toBe("forward policy perhaps");
  expect(stopped(rules({ forward: [[{ xt: { type: "target", name: "REJECT" } }]] }))).toBe("forward 1");
});

test("judgePacket() looks elements of sets up, and does not judge our own tables", () => {
  const ruleset = rules({ forward: [[equals(address("daddr"), "@blocked"), drop]] });
  expect(stopped(ruleset)).toBeNull();
  ruleset.sets.set("inet fw blocked", ["192.0.2.9"]);
  expect(stopped(ruleset)).toBe("forward 1");
  expect(stopped(rules({ forward: [[drop]] }, "drop", "hbx_00000000"))).toBeNull();
});

test("ruleText() gives the rule in its owner's words", () => {
  const listing = `table inet other { # handle 1\n\tchain forward { # handle 1\n\t\tdrop # handle 3\n\t}\n}\ntable inet fw { # handle 2\n\tchain forward { # handle 1\n\t\ttype filter hook forward priority filter; policy accept;\n\t\tip daddr 1.2.3.4 counter packets 7 bytes 420 drop # handle 3\n\t}\n}\n`;
  const chain = rules({ forward: [] }).chains[0];
  expect(chain && ruleText(listing, chain, 3)).toBe("ip daddr 1.2.3.4 drop");
});

test("parseRuleset() refuses what is none", () => {
  expect([parseRuleset(""), parseRuleset("{}"), parseRuleset('{"nftables":3}')]).toEqual([null, null, null]);
});
