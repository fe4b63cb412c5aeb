/** What Docker 28.5 answered to each case: what we are held against where there is no dockerd. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "./case.ts";

const file = join(import.meta.dirname, "docker-28.generated.json");

/** Shapes repeat: each is written once, and the cases name it by its place. */
type File = { shapes: string[][]; cases: Record<string, [status: number, shape: number]> };

export function readRecorded(): ReadonlyMap<string, Outcome> {
  if (!existsSync(file)) return new Map();
  const { shapes, cases } = JSON.parse(readFileSync(file, "utf8")) as File;
  return new Map(
    Object.entries(cases).map(([title, [status, shape]]) => [title, { status, shape: shapes[shape] ?? [] }]),
  );
}

export function writeRecorded(outcomes: ReadonlyMap<string, Outcome>): void {
  const places = new Map<string, number>();
  const cases: File["cases"] = {};
  for (const [title, { status, shape }] of outcomes) {
    const key = JSON.stringify(shape);
    const place = places.get(key) ?? places.size;
    places.set(key, place);
    cases[title] = [status, place];
  }
  const shapes = [...places.keys()].map((key) => JSON.parse(key) as string[]);
  writeFileSync(file, `${JSON.stringify({ shapes, cases }, null, 1)}\n`);
}
