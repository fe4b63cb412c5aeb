import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { findVerb } from "../src/cli/find-verb.ts";
import { sources } from "./sources.ts";

const pages = sources(/\.md$/).map((path) => ({ path, text: readFileSync(path, "utf8") }));
const ofUsers = pages.filter(({ path }) => /^(README|CONTRIBUTING|SECURITY|docs\/[^/]+)\b/.test(path));

test("there are pages to look at", () => {
  expect(ofUsers.length).toBeGreaterThan(6);
});

describe.each(pages)("$path", ({ path, text }) => {
  test("links only to files that are there", () => {
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(join(dirname(path), link)))).toEqual([]);
  });

  test("names only verbs and npm scripts that are there", () => {
    const code = [...text.matchAll(/```[\s\S]*?```|`[^`\n]+`/g)].map((match) => match[0]).join("\n");
    const verbs = [...code.matchAll(/(?:^|[`|]|bin\/)\s*hbx ([a-z][a-z-]*(?: [a-z][a-z-]*)?)/gm)].map(
      (match) => match[1] ?? "",
    );
    expect(verbs.filter((verb) => !findVerb(verb.split(" ")))).toEqual([]);
    const scripts = [...code.matchAll(/npm (?:run )?(setup|test|run [\w-]+)/g)].map((match) => match[1] ?? "");
    const named = [...code.matchAll(/npm run ([\w-]+)/g)].map((match) => match[1] ?? "");
    expect(
      [...named, ...scripts.filter((name) => !name.includes(" "))].filter((name) => !(name in packageJson.scripts)),
    ).toEqual([]);
  });
});
