import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { failureMessage } from "./failure-message.ts";

const native = join(import.meta.dirname, "../../../native");
const source = readFileSync(join(native, "protocol/src/steps.rs"), "utf8");
const steps = new Set([...source.matchAll(/^ +[A-Z_]+ = "([a-z_]+)",$/gm)].map(([, word]) => word ?? ""));

/** Words written where a failure is made. */
function wordsIn(text: string): string[] {
  const places = [
    /Failure::(?:io|new|os)\(\s*"([a-z_]+)"/g,
    /\.during(?:_at)?\(\s*"([a-z_]+)"/g,
    /const STEP: &str = "([a-z_]+)"/g,
  ];
  return places.flatMap((place) => [...text.matchAll(place)].map(([, word]) => word ?? ""));
}

describe("the native core's steps", () => {
  test("are all in the protocol's list", () => {
    const unlisted: string[] = [];
    for (const path of new Glob("*/src/**/*.rs").scanSync(native)) {
      // What a test of Rust's makes up is no step.
      const [code = ""] = readFileSync(join(native, path), "utf8").split("#[cfg(test)]\nmod tests");
      for (const word of wordsIn(code)) if (!steps.has(word)) unlisted.push(`${path}: ${word}`);
    }
    expect(unlisted).toEqual([]);
  });

  test("all have a sentence of their own", () => {
    expect(steps.size).toBeGreaterThan(80);
    const unsaid = [...steps].filter((step) => {
      const { message } = failureMessage({ step, errno: 5 });
      return step.includes("_") && message.startsWith(`Cannot ${step.replaceAll("_", " ")}: `);
    });
    const single = [...steps].filter(
      (step) => failureMessage({ step, errno: 5 }).message === `Cannot ${step}: input/output error`,
    );
    expect([...unsaid, ...single]).toEqual([]);
  });
});
