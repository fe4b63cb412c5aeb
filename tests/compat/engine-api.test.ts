/**
 * Every operation of the Engine API, asked rightly and wrongly, answered as Docker answers. With a dockerd on this machine
 * (scripts/comparators.sh) the two run side by side; without it the answers are held against those recorded from Docker 28.
 * HBX_RECORD_DOCKER=1 records them anew.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { loadSpecification } from "../support/specification/specification.ts";
import { compareOutcomes, type Outcome, runCase } from "./engine-api/case.ts";
import { justified } from "./engine-api/differences.ts";
import { generateCases } from "./engine-api/generated-cases.ts";
import { readRecorded, writeRecorded } from "./engine-api/recorded.ts";
import { stateCases } from "./engine-api/state-cases.ts";
import { openDocker, openHyperbox, type Subject } from "./engine-api/subject.ts";

const specification = loadSpecification();
if (!specification)
  console.log("compat: the Engine API's specification is not beside the checkout, its cases are skipped");
const cases = [...(specification ? generateCases(specification) : []), ...stateCases];
const recorded = readRecorded();
const recording = process.env["HBX_RECORD_DOCKER"] === "1";
const fresh = new Map<string, Outcome>();

let ours: Subject;
let theirs: Subject | null = null;
beforeAll(async () => {
  ours = await openHyperbox();
  const docker = await openDocker(ours);
  if (typeof docker !== "string") theirs = docker;
  console.log(`compat: compared with ${theirs?.name ?? `what Docker 28 answered once (${docker})`}`);
});
afterAll(async () => {
  await theirs?.[Symbol.asyncDispose]();
  await ours[Symbol.asyncDispose]();
  if (recording) writeRecorded(fresh);
});

describe.skipIf(!specification)("the Engine API", () => {
  for (const one of cases) {
    test(one.title, async () => {
      const expected = theirs ? await runCase(theirs.api, one) : recorded.get(one.title);
      if (!expected)
        throw new Error("nothing is recorded for this case: run it once with a dockerd and HBX_RECORD_DOCKER=1");
      fresh.set(one.title, expected);
      const found = compareOutcomes(await runCase(ours.api, one), expected);
      expect(found.filter((line) => !justified(one.title, line))).toEqual([]);
    });
  }
});
