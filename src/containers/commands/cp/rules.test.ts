import { describe, expect, test } from "bun:test";
import { entryPath, linkDestination, parsePlace, planCopy } from "./rules.ts";

test("parsePlace() tells containers from our paths", () => {
  expect(parsePlace("web:/etc")).toEqual({ container: "web", path: "/etc" });
  for (const path of ["/a:b", "./a:b", "../x:y", "plain", ":x", "-"]) expect(parsePlace(path)).toEqual({ path });
});

describe("planCopy()", () => {
  const file = { base: "f", isDir: false };
  const dir = { base: "d", isDir: true };
  const content = { base: ".", isDir: true };
  const there = (path: string, isDir: boolean) => ({ path, exists: true, isDir });
  const missing = (path: string) => ({ path, exists: false, isDir: false });
  test("copies into a directory that exists, under the source's name", () => {
    expect(planCopy(file, there("/tmp", true))).toEqual({ dir: "/tmp", name: "f" });
    expect(planCopy(dir, there("/tmp", true))).toEqual({ dir: "/tmp", name: "d" });
    expect(planCopy(content, there("/tmp", true))).toEqual({ dir: "/tmp", name: "." });
  });
  test("gives the new name otherwise", () => {
    expect(planCopy(file, missing("/tmp/new"))).toEqual({ dir: "/tmp", name: "new" });
    expect(planCopy(dir, missing("/tmp/new/"))).toEqual({ dir: "/tmp", name: "new" });
    expect(planCopy(content, missing("/tmp/new/."))).toEqual({ dir: "/tmp", name: "new" });
    expect(planCopy(file, there("/old", false))).toEqual({ dir: "/", name: "old" });
  });
  test("refuses what cannot be", () => {
    expect(() => planCopy(dir, there("/f", false))).toThrow("cannot copy directory");
    expect(() => planCopy(file, missing("/tmp/no/"))).toThrow("no such directory");
    expect(() => planCopy(file, there("/f/", false))).toThrow("not a directory");
  });
});

test("entryPath() keeps to the archive's top", () => {
  expect(entryPath("d/", "d")).toEqual([]);
  expect(entryPath("d/a/b", "d")).toEqual(["a", "b"]);
  expect(entryPath("./a", ".")).toEqual(["a"]);
  expect(() => entryPath("d/../../x", "d")).toThrow("upwards");
  expect(() => entryPath("e/x", "d")).toThrow("does not belong");
});

test("linkDestination() resolves against the link's directory", () => {
  expect(linkDestination("/a/b", "c")).toBe("/a/c");
  expect(linkDestination("/a", "c")).toBe("/c");
  expect(linkDestination("/a/b", "/c")).toBe("/c");
});
