import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { features } from "./features.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

test("features lists every folder of src, once", () => {
  const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const listed = features.filter(({ name }) => !name.includes("/")).map(({ name }) => name);
  expect(listed.toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
  expect(new Set(features.map(({ name }) => name)).size).toBe(features.length);
});

test("a feature knows only those above it, so that imports point one way", () => {
  const above = new Set<string>();
  for (const { name, knows } of features) {
    expect([name, knows.filter((other) => !above.has(other))]).toEqual([name, []]);
    above.add(name);
  }
});

describe.each(features.map((feature) => [feature.name, feature] as const))("%s", (_name, feature) => {
  test("has a README of at most 40 lines", () => {
    expect(read(join(feature.folder, "README.md")).trimEnd().split("\n").length).toBeLessThanOrEqual(40);
  });

  test("names only files that are there in its README", () => {
    const text = read(join(feature.folder, "README.md"));
    const named = [...text.matchAll(/`([\w./-]+\.(?:ts|json))`/g)].map((match) => match[1] ?? "");
    const found = (path: string) => [feature.folder, "src", "."].some((base) => existsSync(join(root, base, path)));
    const inside = readdirSync(join(root, feature.folder), { recursive: true, encoding: "utf8" });
    const missing = named.filter((path) => !found(path) && !inside.some((file) => file.endsWith(`/${path}`)));
    expect(missing.filter((path) => path !== "index.ts" && path !== "config.json")).toEqual([]);
  });

  test("has an index.ts exactly when that is its door", () => {
    expect(existsSync(join(root, feature.folder, "index.ts"))).toBe(feature.door === "index");
  });

  test("has the routes and commands that it names, and no others", () => {
    const has = (path: string) => existsSync(join(root, feature.folder, path));
    expect([has("routes.ts"), has("commands")]).toEqual([feature.routes !== undefined, feature.commands !== undefined]);
  });
});
