import { expect, test } from "bun:test";
import { degradedWithoutRoot, freshNamespace, namespaceOf, rootlessFacts } from "./rootless.ts";

test("rootlessFacts() is null where the machine's root is root", () => {
  expect(rootlessFacts("         0          0 4294967295\n")).toBeNull();
});

test("rootlessFacts() tells the user and whether further ids are mapped", () => {
  expect(rootlessFacts("         0       1001          1\n")).toEqual({ uid: 1001, subordinateIds: false });
  expect(rootlessFacts("0 1001 1\n1 100000 65535\n")).toEqual({ uid: 1001, subordinateIds: true });
  // The ranges' order is the kernel's business.
  expect(rootlessFacts("1 100000 65535\n0 1001 1\n")).toEqual({ uid: 1001, subordinateIds: true });
});

test("degradedWithoutRoot() has a line for each thing that is missing", () => {
  expect(degradedWithoutRoot(null)).toEqual([]);
  expect(degradedWithoutRoot({ uid: 1, subordinateIds: true })).toHaveLength(1);
  expect(degradedWithoutRoot({ uid: 1, subordinateIds: false })[1]).toContain("one user id");
});

test("the ways into a namespace keep mounts that follow the host's and end where the program begins", () => {
  for (const way of [freshNamespace(true), freshNamespace(false), namespaceOf(7)]) {
    expect(way.join(" ")).toContain("--mount --propagation slave --");
    expect(way.at(-1)).toBe("--");
  }
  expect(freshNamespace(false)).not.toContain("--map-auto");
  expect(namespaceOf(7)).toContain("--user=/proc/7/ns/user");
});
