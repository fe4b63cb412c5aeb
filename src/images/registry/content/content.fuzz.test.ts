import { expect, test } from "bun:test";
import fc from "fast-check";
import { EngineError } from "../../../base/errors.ts";
import { choosePlatform } from "./choose-platform.ts";
import { type Descriptor, parseContent } from "./manifest.ts";
import { manifestTypes } from "./media-types.ts";

const runs = Number(process.env["HBX_FUZZ_RUNS"] ?? 2000);
const digest = `sha256:${"a".repeat(64)}`;
const type = fc.constantFrom(...Object.values(manifestTypes), "", "text/html", "application/json");

/** Something like a manifest, with anything wrong about it. */
const value = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, 1, 2, -1, 1e300, "", digest, ...Object.values(manifestTypes)),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom(
        "schemaVersion",
        "mediaType",
        "manifests",
        "layers",
        "config",
        "digest",
        "size",
        "subject",
        "platform",
        "urls",
        "annotations",
        "__proto__",
      ),
      tie("json"),
      { maxKeys: 6, noNullPrototype: true },
    ),
  ),
})).json;

test("parseContent() takes or refuses anything with a sentence", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        value.map((one) => JSON.stringify(one)),
        fc.string(),
      ),
      type,
      (text, mediaType) => {
        try {
          const content = parseContent(new TextEncoder().encode(text), mediaType, "x");
          expect(["index", "manifest"]).toContain(content.kind);
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
          expect((error as EngineError).message).toMatch(/^Cannot (use|pull) x: /);
        }
      },
    ),
    { seed: 6, numRuns: runs },
  );
});

const entry = (architecture: string, variant = "", os = "linux"): Descriptor => ({
  mediaType: manifestTypes.ociManifest,
  digest: digest as Descriptor["digest"],
  size: 1,
  platform: { os, architecture, variant },
  urls: [],
  annotations: {},
  artifactType: "",
});

test.each([
  ["arm", "", ["v5", "v6", "v7", "v8"], "v7"],
  ["arm", "v6", ["v7", "v5", "v6"], "v6"],
  ["arm", "v7", ["v5", "v6"], "v6"],
  ["arm", "v6", ["v7"], undefined],
  ["arm64", "", ["", "v9"], ""],
  ["arm64", "v8", [""], ""],
  ["amd64", "", ["v3", ""], ""],
  ["amd64", "v3", ["", "v2", "v4"], "v2"],
])("choosePlatform() for %s %s among %p takes %p", (architecture, variant, offered, chosen) => {
  const entries = [entry("unknown", "", "unknown"), ...offered.map((one) => entry(architecture, one))];
  const found = choosePlatform(entries, { os: "linux", architecture, variant });
  expect(found?.platform?.variant).toBe(chosen as string);
  expect(choosePlatform(entries, { os: "windows", architecture, variant })).toBeNull();
});
