import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createImageResolver } from "../resolve.ts";
import { sweepImages } from "../sweep.ts";
import {
  addBlob,
  addOciImage,
  compress,
  dockerArchive,
  ociLayout,
  type TreeFiles,
  tarOf,
} from "../testing/archives.ts";
import { openTestImages, type TestImages } from "../testing/open-test-images.ts";
import { sha256 } from "../testing/tar-jobs.ts";

const base = tarOf({ "etc/os": "base\n" });
const app = tarOf({ "app/run": "#!/bin/sh\n" });

function left(at: TestImages): string[] {
  return ["blobs/drafts", "blobs/sha256", "layers/drafts"].flatMap((dir) => readdirSync(join(at.home, dir)));
}

test("loadArchive() takes a docker archive, and a container can be made from it", async () => {
  using at = openTestImages();
  expect(await at.load(dockerArchive(["app:1", "other"], [base, app]))).toEqual([
    "Loaded image: app:1\nLoaded image: other:latest",
  ]);
  const image = await createImageResolver(at.images).resolve("app:1");
  expect(image.config).toEqual({ Cmd: ["/bin/sh"], Env: ["A=b"], Labels: { who: "test" } });
  expect(image.layers.lowers.map((lower) => readdirSync(lower))).toEqual([["app"], ["etc"]]);
  expect(image.id).toBe(at.images.store.find("other").id);
  expect(readdirSync(join(at.home, "blobs/drafts"))).toEqual([]);
});

test.each(["none", "gzip", "zstd"] as const)(
  "loadArchive() takes an OCI layout with %p layers",
  async (compression) => {
    using at = openTestImages();
    const files: TreeFiles = {};
    const annotations = { "io.containerd.image.name": "docker.io/library/app:2" };
    const manifest = addOciImage(files, [base, app], { compression, annotations });
    expect(await at.load(ociLayout(files, [manifest]))).toEqual(["Loaded image: app:2"]);
    const [layer] = at.images.store.table.layers().filter((row) => row.diffId === sha256(base));
    expect(layer?.blob as string).toBe(sha256(compress(base, compression)));
  },
);

test("loadArchive() unpacks nothing twice", async () => {
  using at = openTestImages();
  await at.load(dockerArchive(["app:1"], [base, app]));
  at.jobs.ran.length = 0;
  await at.load(dockerArchive(["app:1"], [base, app]));
  expect(at.jobs.ran).toEqual(["unpack"]); // the outer archive
  await at.load(dockerArchive(["new:1"], [base, app, tarOf({ x: "y" })]));
  expect(at.jobs.ran).toEqual(["unpack", "unpack", "unpack"]);
});

test("loadArchive() unpacks a layer once when it comes in twice at the same time", async () => {
  using at = openTestImages();
  await Promise.all([
    at.load(dockerArchive(["a:1"], [base], { author: "a" })),
    at.load(dockerArchive(["b:1"], [base], { author: "b" })),
  ]);
  expect(at.jobs.ran.filter((type) => type === "unpack")).toHaveLength(3);
  expect(at.images.store.list()).toHaveLength(2);
});

test("loadArchive() takes the host's platform out of a nested index, or the one asked for", async () => {
  using at = openTestImages();
  const files: TreeFiles = {};
  const platforms = ["arm64", "amd64", "s390x"].map((architecture) =>
    addOciImage(files, [base], { platform: { os: "linux", architecture }, extra: { architecture } }),
  );
  const attestation = { ...platforms[0], platform: { os: "unknown", architecture: "unknown" } };
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [...platforms, attestation] }));
  const root = {
    ...addBlob(files, index, "application/vnd.oci.image.index.v1+json"),
    annotations: { "org.opencontainers.image.ref.name": "x.io/multi:1" },
  };
  const host = process.arch === "arm64" ? "arm64" : "amd64";
  expect(await at.load(ociLayout(files, [root]))).toEqual(["Loaded image: x.io/multi:1"]);
  expect(at.images.store.find("x.io/multi:1").file.architecture).toBe(host);
  await at.load(files, { os: "linux", architecture: "s390x", variant: "" });
  expect(at.images.store.find("x.io/multi:1").file.architecture).toBe("s390x");
  const mips = at.load(files, { os: "linux", architecture: "mips", variant: "" });
  expect(mips).rejects.toThrow("no image for linux/mips, but for: linux/arm64, linux/amd64, linux/s390x");
  await mips.catch(() => undefined);
});

test("loadArchive() takes archives from before 1.10", async () => {
  using at = openTestImages();
  const [low, top] = ["1".repeat(64), "2".repeat(64)];
  const lines = await at.load({
    repositories: JSON.stringify({ old: { v1: top } }),
    [`${low}/json`]: JSON.stringify({ id: low, os: "linux", container_config: { Cmd: ["/bin/sh", "-c", "x"] } }),
    [`${low}/layer.tar`]: base,
    [`${top}/json`]: JSON.stringify({
      id: top,
      parent: low,
      os: "linux",
      architecture: "amd64",
      config: { Cmd: ["/old"] },
    }),
    [`${top}/layer.tar`]: app,
  });
  expect(lines).toEqual(["Loaded image: old:v1"]);
  const { file } = at.images.store.find("old:v1");
  expect(file.config.Cmd).toEqual(["/old"]);
  expect(file.diffIds as string[]).toEqual([sha256(base), sha256(app)]);
  expect(file.history[0]?.created_by).toBe("/bin/sh -c x");
});

test("loadArchive() leaves an image without a name known by its id", async () => {
  using at = openTestImages();
  const [line] = await at.load(dockerArchive(null, [base]));
  expect(line).toBe(`Loaded image ID: ${at.images.store.list()[0]?.id}`);
});

const edited = (change: (files: TreeFiles) => unknown): TreeFiles => {
  const files = dockerArchive(["app:1"], [base, app]);
  change(files);
  return files;
};
const entry = (fields: object) => JSON.stringify([{ Config: "config.json", RepoTags: ["a:1"], Layers: [], ...fields }]);
const oci = (change: (files: TreeFiles, manifest: ReturnType<typeof addOciImage>) => readonly unknown[]): TreeFiles => {
  const files: TreeFiles = {};
  return ociLayout(files, change(files, addOciImage(files, [base])));
};

const hostile: [string, TreeFiles, string][] = [
  ["no form at all", { readme: "x" }, "neither manifest.json nor index.json"],
  ["no image", { "manifest.json": "[]" }, "it holds no image"],
  ["a manifest that is no JSON", { "manifest.json": "{" }, "manifest.json is not JSON"],
  ["a manifest that is no list", { "manifest.json": "{}" }, "manifest.json is not a list"],
  ["no Config", { "manifest.json": "[{}]" }, "an entry without Config"],
  ["a missing config", { "manifest.json": entry({}) }, '"config.json", which is missing'],
  ["a path upwards", { "manifest.json": entry({ Config: "../../etc/passwd" }) }, "not a path inside it"],
  ["an absolute path", { "manifest.json": entry({ Config: "/etc/passwd" }) }, "not a path inside it"],
  ["a directory as config", { "manifest.json": entry({ Config: "d" }), "d/x": "" }, "is not a regular file"],
  ["a config that is no JSON", { "manifest.json": entry({}), "config.json": "x" }, "it is not JSON"],
  ["a config without rootfs", { "manifest.json": entry({}), "config.json": "{}" }, "rootfs is missing"],
  ["a config bomb", { "manifest.json": entry({}), "config.json": Buffer.alloc(9 << 20) }, "more than the 8388608"],
  ["wrong types", { "manifest.json": entry({}), "config.json": '{"rootfs":{},"config":{"Env":[1]}}' }, "Env holds"],
  [
    "a wrong name",
    edited((f) => Object.assign(f, { "manifest.json": String(f["manifest.json"]).replace("app:1", "APP:1") })),
    "lowercase",
  ],
  ["128 layers", { "manifest.json": entry({ Layers: Array(128).fill("l") }), "config.json": "{}" }, "128 layers"],
  [
    "fewer layers than diff ids",
    { "manifest.json": entry({}), "config.json": `{"rootfs":{"diff_ids":["${sha256(base)}"]}}` },
    "1 layers, but 0 came",
  ],
  [
    "a changed config",
    edited((f) =>
      Object.keys(f)
        .filter((n) => n.endsWith(".json") && n.length > 20)
        .map((n) => Object.assign(f, { [n]: `${f[n]} ` })),
    ),
    "Cannot accept the configuration",
  ],
  [
    "a changed layer",
    edited((f) => Object.assign(f, { [`${sha256(app).slice(7)}/layer.tar`]: tarOf({ evil: "x" }) })),
    "Cannot accept a layer's content",
  ],
  [
    "a truncated layer",
    edited((f) => Object.assign(f, { [`${sha256(app).slice(7)}/layer.tar`]: app.subarray(0, 700) })),
    "Cannot ",
  ],
  ["a wrong layout version", { "index.json": '{"manifests":[]}', "oci-layout": "{}" }, "oci-layout has version"],
  [
    "a missing blob",
    oci((f, m) => {
      delete f[`blobs/sha256/${m.digest.slice(7)}`];
      return [m];
    }),
    "which is missing",
  ],
  ["a wrong digest", oci((_, m) => [{ ...m, digest: "sha256:x" }]), "has no digest of the form"],
  ["a wrong size", oci((_, m) => [{ ...m, size: 1 }]), "but 1 were announced"],
  ["a negative size", oci((_, m) => [{ ...m, size: -1 }]), "has no size"],
  [
    "a changed manifest",
    oci((f, m) => {
      Object.assign(f, { [`blobs/sha256/${m.digest.slice(7)}`]: "x".repeat(m.size) });
      return [m];
    }),
    "Cannot accept the blob",
  ],
  [
    "a changed blob",
    oci((f, m) => {
      Object.assign(f, { [`blobs/sha256/${sha256(base).slice(7)}`]: Buffer.alloc(base.length) });
      return [m];
    }),
    "its digest is",
  ],
  [
    "an artifact",
    oci((f) => [
      addBlob(
        f,
        Buffer.from(`{"config":{"mediaType":"x","digest":"${sha256(base)}","size":1},"layers":[]}`),
        "application/vnd.oci.image.manifest.v1+json",
      ),
    ]),
    "is no container image",
  ],
  ["only unknown media types", oci((_, m) => [{ ...m, mediaType: "text/plain" }]), "it holds no image"],
  [
    "a legacy loop",
    {
      repositories: `{"a":{"b":"${"1".repeat(64)}"}}`,
      [`${"1".repeat(64)}/json`]: `{"parent":"${"1".repeat(64)}"}`,
      [`${"1".repeat(64)}/layer.tar`]: base,
    },
    "its own ancestor",
  ],
  ["a legacy path trick", { repositories: '{"a":{"b":"../../x"}}' }, "is not the id of a layer"],
];

test.each(hostile)("loadArchive() refuses %s and leaves nothing behind", async (_, files, message) => {
  using at = openTestImages();
  await expect(at.load(files)).rejects.toThrow(message);
  expect(at.images.store.list()).toEqual([]);
  expect(left(at)).toEqual([]);
});

test("loadArchive() refuses indexes nested too deep", async () => {
  using at = openTestImages();
  const files: TreeFiles = {};
  let descriptor: object = addOciImage(files, [base]);
  for (let depth = 0; depth < 6; depth++) {
    const index = Buffer.from(JSON.stringify({ manifests: [descriptor] }));
    descriptor = addBlob(files, index, "application/vnd.oci.image.index.v1+json");
  }
  await expect(at.load(ociLayout(files, [descriptor]))).rejects.toThrow("nested more than 4 deep");
});

test("loadArchive() tells a full disk and cleans up", async () => {
  using at = openTestImages();
  let unpacks = 0;
  at.jobs.before = (type) => {
    if (type === "unpack" && ++unpacks === 3) throw Object.assign(new Error("write failed"), { code: "ENOSPC" });
  };
  await expect(at.load(dockerArchive(["app:1"], [base, app]))).rejects.toThrow("no space left on the disk");
  expect(left(at)).toEqual([]);
  expect(readdirSync(join(at.home, "layers")).sort()).toEqual(["drafts", "empty"]);
});

test("sweepImages() removes what a crash left, and nothing else", async () => {
  using at = openTestImages();
  await at.load(dockerArchive(["app:1"], [base]));
  const before = readdirSync(join(at.home, "layers")).sort();
  const stray = at.images.store.blobs.put(Buffer.from("stray"));
  await Bun.write(join(at.home, "layers", "f".repeat(64), "fs/file"), "x");
  await Bun.write(join(at.home, "layers/drafts/abc/fs/file"), "x");
  await Bun.write(join(at.home, "blobs/drafts/abc/file"), "x");
  at.reopen();
  expect(await sweepImages(at.images)).toBe(4);
  expect(readdirSync(join(at.home, "layers")).sort()).toEqual(before);
  expect(at.images.store.blobs.has(stray)).toBe(false);
  const [lower = ""] = (await createImageResolver(at.images).resolve("app:1")).layers.lowers;
  expect(readFileSync(join(lower, "etc/os"), "utf8")).toBe("base\n");
});

test("resolve() answers in microseconds when cached", async () => {
  using at = openTestImages();
  await at.load(dockerArchive(["app:1"], [base, app]));
  const resolver = createImageResolver(at.images);
  resolver.resolve("app:1");
  const started = performance.now();
  for (let i = 0; i < 10_000; i++) resolver.resolve("app:1");
  expect((performance.now() - started) / 10).toBeLessThan(20); // µs each
});
