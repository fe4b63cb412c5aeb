import { expect, test } from "bun:test";
import { parsePackages } from "./parse-packages.ts";

const file = (path: string, text: string) => ({ path, content: new TextEncoder().encode(text) });

test("parsePackages() reads dpkg's status and leaves out what is not installed", () => {
  const status = `Package: libc6
Status: install ok installed
Description: a library
 Package: not-a-field
Version: 2.36-9

Package: gone
Status: deinstall ok config-files
Version: 1

Package: openssl
Status: install ok installed
Version: 3.0.15-1~deb12u1
`;
  expect(parsePackages([file("var/lib/dpkg/status", status)]).get("dpkg")).toEqual([
    { name: "libc6", version: "2.36-9" },
    { name: "openssl", version: "3.0.15-1~deb12u1" },
  ]);
});

test("parsePackages() puts the parts of a distroless image together, and reads apk's database", () => {
  const found = parsePackages([
    file("var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2024a\n"),
    file("var/lib/dpkg/status.d/tzdata.md5sums", "Package: no\n"),
    file("var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12\n"),
    file("lib/apk/db/installed", "C:Q1x\nP:musl\nV:1.2.5-r0\nA:x86_64\n\nP:busybox\nV:1.36.1-r29\n\n"),
  ]);
  expect(found.get("dpkg")?.map(({ name }) => name)).toEqual(["tzdata", "base-files"]);
  expect(found.get("apk")).toEqual([
    { name: "musl", version: "1.2.5-r0" },
    { name: "busybox", version: "1.36.1-r29" },
  ]);
});

test("parsePackages() makes nothing of garbage", () => {
  const garbage = `${"\0".repeat(100)}\nP:\n\nP:${"x".repeat(1000)}\n`;
  expect(
    [...parsePackages([file("lib/apk/db/installed", garbage), file("var/lib/dpkg/status", garbage)]).values()].flat(),
  ).toEqual([]);
  expect(parsePackages([]).size).toBe(0);
});
