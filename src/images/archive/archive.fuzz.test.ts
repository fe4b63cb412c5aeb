import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { EngineError } from "../../base/errors.ts";
import { parseImageFile } from "../config/image-config.ts";
import { addOciImage, dockerArchive, ociLayout, type TreeFiles } from "../testing/archives.ts";
import { sha256 } from "../testing/tar-jobs.ts";
import { readArchive } from "./read-archive.ts";

const seed = 20261121;
const digestFile = (file: string) =>
  Bun.file(file)
    .bytes()
    .then((bytes) => sha256(bytes) as never);

async function read(files: TreeFiles, links: Record<string, string> = {}): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "hbx-fuzz-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(directory, name));
    return (await readArchive(directory, { platform: null, digestFile })).length;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function refusedOr(work: () => Promise<unknown> | unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    expect(["invalid_argument"]).toContain(error.kind);
  }
}

const layer = Buffer.alloc(1024, 1);
const layout = (): TreeFiles => {
  const files: TreeFiles = {};
  return ociLayout(files, [addOciImage(files, [layer])]);
};
const junk = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.constantFrom('{"manifests":[{}]}', "[{}]", "null", "[[]]", '{"layers":null}', '{"a":{"b":1}}', "\0", ""),
  fc.string({ unit: "binary", maxLength: 50 }),
);

for (const [form, make] of [
  ["docker archive", () => dockerArchive(["a:1"], [layer])],
  ["OCI layout", layout],
] as const) {
  test(`readArchive() refuses or reads a ${form} with any one file replaced`, async () => {
    const names = Object.keys(make());
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), junk, (name, content) =>
        refusedOr(() => read({ ...make(), [name]: content })),
      ),
      { seed, numRuns: 120 },
    );
  });

  test(`readArchive() refuses or reads a ${form} with bytes changed in its JSON`, async () => {
    const names = Object.entries(make()).filter(
      ([, content]) => String(content).startsWith("{") || String(content).startsWith("["),
    );
    const pick = fc.constantFrom(...names.map(([name]) => name));
    await fc.assert(
      fc.asyncProperty(pick, fc.nat(), fc.constantFrom(...'{}[]",:0-x'), (name, at, char) => {
        const files = make();
        const text = String(files[name]);
        const position = at % text.length;
        files[name] = text.slice(0, position) + char + text.slice(position + 1);
        return refusedOr(() => read(files));
      }),
      { seed, numRuns: 120 },
    );
  });
}

test("parseImageFile() throws nothing but EngineError", async () => {
  const keys = fc.constantFrom(
    "rootfs",
    "config",
    "history",
    "diff_ids",
    "Env",
    "Labels",
    "Healthcheck",
    "os",
    "__proto__",
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.double(),
      fc.constant(null),
      fc.dictionary(keys, tie("node")),
      fc.array(tie("node")),
    ),
  })).node;
  await fc.assert(
    fc.asyncProperty(value, (given) => refusedOr(() => parseImageFile(Buffer.from(JSON.stringify(given) ?? "")))),
    { seed, numRuns: 1000 },
  );
});

test("readArchive() follows links that stay inside, and refuses those that leave", async () => {
  const files = dockerArchive(["a:1"], [layer, layer]);
  const manifest = String(files["manifest.json"]);
  const name = `${sha256(layer).slice(7)}/layer.tar`;
  const linked = { ...files, "manifest.json": manifest.replace(name, "link") };
  expect(await read(linked, { link: name })).toBe(1);
  await expect(read(linked, { link: "../../../../../../../../../etc/passwd" })).rejects.toThrow("leads outside of it");
  await expect(read(linked, { link: "/etc/passwd" })).rejects.toThrow("leads outside of it");
  await expect(read(linked, { link: "nowhere" })).rejects.toThrow("which is missing");
  await expect(read(linked, { link: "link" })).rejects.toThrow("which is missing");
});
