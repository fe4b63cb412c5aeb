import { expect, test } from "bun:test";
import { openDatabase } from "../../state/index.ts";
import { networkMigrations } from "../migrations.ts";
import { formatIpv4, parseSubnet, type Subnet } from "./ipv4.ts";
import { createLeases, reuseDelayMs } from "./leases.ts";

const small: Subnet = parseSubnet("10.1.1.0/29") ?? { base: 0, prefix: 0 };

function lab() {
  const db = openDatabase(":memory:");
  db.migrate(networkMigrations);
  let nowMs = 1_000_000;
  const open = () => createLeases(db, () => nowMs);
  return {
    open,
    pass(ms: number) {
      nowMs += ms;
    },
    claim: (leases = open()) => formatIpv4(leases.claim(small)),
  };
}

test("claim() gives the lowest free address, never the gateway nor the broadcast, and says when there is none", () => {
  const { open } = lab();
  const leases = open();
  const all = Array.from({ length: 5 }, () => formatIpv4(leases.claim(small)));
  expect(all).toEqual(["10.1.1.2", "10.1.1.3", "10.1.1.4", "10.1.1.5", "10.1.1.6"]);
  expect(leases.count()).toBe(5);
  expect(() => leases.claim(small)).toThrow("Cannot give out an address in 10.1.1.0/29");
});

test("claim() uses an address again after the delay, or before it when there is no other", () => {
  const { open, pass } = lab();
  const leases = open();
  const first = leases.claim(small);
  leases.release(first);
  leases.release(first);
  const others = Array.from({ length: 4 }, () => leases.claim(small));
  expect(others).not.toContain(first);
  expect(leases.claim(small)).toBe(first);
  leases.release(first);
  leases.release(others[0] ?? 0);
  pass(reuseDelayMs);
  expect(leases.claim(small)).toBe(first);
});

test("leases outlive the daemon, and keepOnly() frees what nobody lives on", () => {
  const { open, pass } = lab();
  const before = open();
  const [a, b] = [before.claim(small), before.claim(small)];
  const after = open();
  expect(after.count()).toBe(2);
  after.keepOnly(new Set([b]));
  pass(reuseDelayMs);
  expect(open().count()).toBe(1);
  expect(open().claim(small)).toBe(a);
});
