import { expect, test } from "bun:test";
import { createNaming, networkNames } from "./names.ts";

test("networkNames() fit into 15 characters with what comes after", () => {
  const names = networkNames("01234567");
  expect(names).toEqual({ bridge: "hbx01234567", table: "hbx_01234567", vethPrefix: "hv01234567" });
});

test("createNaming() goes on from where it was, around the end, past what is taken", () => {
  const taken = new Set(["hv01"]);
  const next = createNaming("hv", (name) => taken.has(name), (36 ** 4 - 2) / 36 ** 4);
  expect([next(), next(), next()]).toEqual(["hvzzzz", "hv0000", "hv0001"]);
  taken.add("hv0002");
  expect(next()).toBe("hv0003");
});
