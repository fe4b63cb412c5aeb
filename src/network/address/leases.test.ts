import { expect, test } from "bun:test";
import { openDatabase } from "../../state/index.ts";
import { networkMigrations } from "../migrations.ts";
import { formatIp, parseIp, parseSubnet, type Subnet } from "./ip.ts";
import { createLeases, type LeasePool, reuseDelayMs } from "./leases.ts";

const subnet = (text: string): Subnet => parseSubnet(text) ?? { family: 4, base: 0n, prefix: 0 };
const ip = (text: string) => parseIp(text) ?? { family: 4 as const, value: 0n };
const pool = (text: string, range = text): LeasePool => ({
  network: "n1",
  subnet: subnet(text),
  range: subnet(range),
  reserved: [subnet(text).base + 1n],
});
const small = pool("10.1.1.0/29");

function lab() {
  const db = openDatabase(":memory:");
  db.migrate(networkMigrations);
  let nowMs = 1_000_000;
  return {
    open: () => createLeases(db, () => nowMs),
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

test("claim() gives the lowest free address, never the gateway nor the broadcast, and says when there is none", () => {
  const leases = lab().open();
  const all = Array.from({ length: 5 }, (_, n) => formatIp(leases.claim(small, `h${n}`)));
  expect(all).toEqual(["10.1.1.2", "10.1.1.3", "10.1.1.4", "10.1.1.5", "10.1.1.6"]);
  expect(() => leases.claim(small, "h")).toThrow("every one is in use");
});

test("claim() stays within the range, and works alike with IPv6", () => {
  const leases = lab().open();
  const ranged = pool("10.1.0.0/16", "10.1.1.0/30");
  expect(Array.from({ length: 4 }, (_, n) => formatIp(leases.claim(ranged, `h${n}`)))[3]).toBe("10.1.1.3");
  expect(() => leases.claim(ranged, "h")).toThrow("10.1.1.0/30");
  const v6 = pool("fd00::/64");
  expect(formatIp(leases.claim(v6, "a"))).toBe("fd00::2");
  leases.release("n1", ip("fd00::2"), "a");
  expect(formatIp(leases.claim(v6, "b"))).toBe("fd00::3");
});

test("an address rests after its release, unless all are tired or it is asked for by name", () => {
  const { open, pass } = lab();
  const leases = open();
  leases.claim(small, "a");
  leases.release("n1", ip("10.1.1.2"), "a");
  expect(formatIp(leases.claim(small, "b"))).toBe("10.1.1.3");
  expect(leases.claimExactly(small, ip("10.1.1.2"), "c")).toBe("a");
  expect(() => leases.claimExactly(small, ip("10.1.1.2"), "d")).toThrow("Address already in use");
  expect(() => leases.claimExactly(small, ip("10.1.1.1"), "d")).toThrow("Address already in use");
  leases.release("n1", ip("10.1.1.2"), "c");
  pass(reuseDelayMs);
  expect(formatIp(leases.claim(small, "e"))).toBe("10.1.1.2");
  for (const n of [4, 5, 6]) leases.claim(small, `h${n}`);
  leases.release("n1", ip("10.1.1.5"), "h5");
  expect(formatIp(leases.claim(small, "f"))).toBe("10.1.1.5");
});

test("release() by somebody else, or twice, changes nothing", () => {
  const leases = lab().open();
  leases.claim(small, "a");
  leases.release("n1", ip("10.1.1.2"), "b");
  expect(leases.count("n1")).toBe(1);
  leases.release("n1", ip("10.1.1.2"), "a");
  leases.claimExactly(small, ip("10.1.1.2"), "b");
  leases.release("n1", ip("10.1.1.2"), "a");
  expect(leases.holderOf("n1", ip("10.1.1.2"))).toBe("b");
  expect([leases.hasHolder("a"), leases.hasHolder("b")]).toEqual([false, true]);
});

test("keepOnly() frees what an earlier daemon gave out, not what this one has", () => {
  const { open } = lab();
  const first = open();
  for (const holder of ["a", "b"]) first.claim(small, holder);
  const second = open();
  second.claim(small, "c");
  second.keepOnly([{ network: "n1", address: ip("10.1.1.3"), holder: "b" }]);
  expect([2, 3, 4].map((n) => second.holderOf("n1", ip(`10.1.1.${n}`)))).toEqual([null, "b", "c"]);
  expect(open().count()).toBe(2);
});

test("forget() takes all of a network", () => {
  const { open } = lab();
  const leases = open();
  leases.claim(small, "a");
  leases.forget("n1");
  expect([leases.count(), open().count(), leases.hasHolder("a")]).toEqual([0, 0, false]);
});
