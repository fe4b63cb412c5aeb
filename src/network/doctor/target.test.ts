import { expect, test } from "bun:test";
import { parseTarget } from "./target.ts";

test.each([
  ["db", "db", null, "tcp"],
  ["db:5432", "db", 5432, "tcp"],
  ["192.0.2.1:53/udp", "192.0.2.1", 53, "udp"],
  ["fd00::1", "fd00::1", null, "tcp"],
  ["[fd00::1]:80", "fd00::1", 80, "tcp"],
  ["https://example.com/a?b", "example.com", 443, "tcp"],
  ["http://example.com:8080", "example.com", 8080, "tcp"],
] as const)("parseTarget() reads %s", (text, host, port, protocol) => {
  expect(parseTarget(text)).toEqual({ host, port, protocol });
});

test.each(["", ":80", "db:0", "db:65536", "db:80:90", "db/sctp", "db:x"])("parseTarget() refuses %j", (text) => {
  expect(() => parseTarget(text)).toThrow("Cannot look for a way to");
});
