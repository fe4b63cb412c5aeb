/** What comes over the wire is parsed or refused in the specification's words, whatever it is. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseChunks } from "../../images/chunks/chunk-list.ts";
import { ociFields } from "../errors.ts";
import { parsePackages } from "../search/parse-packages.ts";
import { parseContentRange, parseRange } from "../wire/range.ts";
import { parseContentDigest, parseManifestReference, parseRepository } from "./names.ts";
import { parseManifest } from "./parse-manifest.ts";

const options = { seed: 20261121, numRuns: 2000 };
const refusedOrFine = (parse: () => unknown) => {
  try {
    parse();
  } catch (error) {
    expect(ociFields(error)).not.toBeNull();
  }
};

const digest = fc.constantFrom(`sha256:${"a".repeat(64)}`, `sha512:${"b".repeat(128)}`, "sha256:..", "", null, 5);
const descriptor = fc.record(
  {
    digest,
    size: fc.oneof(fc.integer(), fc.double(), fc.string()),
    mediaType: fc.oneof(fc.string(), fc.constant("a/b")),
    urls: fc.anything(),
  },
  { requiredKeys: [] },
);
const manifest = fc.record(
  {
    schemaVersion: fc.constantFrom(2, 1, "2"),
    config: fc.oneof(descriptor, fc.anything()),
    layers: fc.oneof(fc.array(descriptor), fc.anything()),
    manifests: fc.oneof(fc.array(descriptor), fc.anything()),
    blobs: fc.oneof(fc.array(descriptor), fc.anything()),
    subject: fc.oneof(descriptor, fc.anything()),
    annotations: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.anything()),
    artifactType: fc.anything(),
  },
  { requiredKeys: ["schemaVersion"] },
);
const types = fc.constantFrom(
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.artifact.manifest.v1+json",
  "text/html",
);

test("parseManifest() of anything that looks like one, and of garbage", () => {
  fc.assert(
    fc.property(manifest, types, (value, type) =>
      refusedOrFine(() => parseManifest(Buffer.from(JSON.stringify(value)), type)),
    ),
    options,
  );
  fc.assert(
    fc.property(fc.uint8Array(), types, (bytes, type) => refusedOrFine(() => parseManifest(bytes, type))),
    options,
  );
});

test("names, digests and ranges", () => {
  const text = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[a-z0-9/:._-]{0,40}$/),
    fc.stringMatching(/^(bytes=)?\d{0,17}-\d{0,17}$/),
  );
  fc.assert(
    fc.property(text, fc.nat(), (value, size) => {
      for (const parse of [parseRepository, parseContentDigest, parseManifestReference, parseContentRange])
        refusedOrFine(() => parse(value));
      refusedOrFine(() => {
        const range = parseRange(value, size);
        if (range) expect(range.start <= range.end && range.end < size && range.start >= 0).toBe(true);
      });
      refusedOrFine(() => expect(parseRepository(value).split("/")).not.toContain(".."));
    }),
    options,
  );
});

test("package databases and chunk lists", () => {
  const path = fc.constantFrom("var/lib/dpkg/status", "lib/apk/db/installed");
  fc.assert(
    fc.property(
      path,
      fc.oneof(
        fc.uint8Array(),
        fc.string().map((text) => Buffer.from(`P:${text}\nPackage: ${text}`)),
      ),
      (name, content) => {
        for (const found of parsePackages([{ path: name, content }]).values())
          for (const { name: known } of found) expect(known).not.toBe("");
      },
    ),
    options,
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, size) => {
      const chunks = parseChunks(bytes, size);
      if (chunks) expect(chunks.reduce((sum, { length }) => sum + length, 0)).toBe(size);
    }),
    options,
  );
});
