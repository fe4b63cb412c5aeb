import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createTestRequest } from "../../system/testing/test-request.ts";
import type { ImageConfig } from "../config/image-config.ts";
import { parseReference, withDefaultTag } from "../reference/reference.ts";
import { createImageResolver } from "../resolve.ts";
import { imageRoutes } from "../routes.ts";
import { addOciImage, dockerArchive, ociLayout, type TreeFiles, tarOf } from "../testing/archives.ts";
import { openTestImages, type TestImages } from "../testing/open-test-images.ts";
import { sha256 } from "../testing/tar-jobs.ts";
import { commitContainer, mergeConfig } from "./commit.ts";
import { importImage } from "./create.ts";
import { pruneImages } from "./prune.ts";
import { removeImage } from "./remove.ts";
import { saveImages, selectImages } from "./save.ts";

const base = tarOf({ "etc/os": "base\n" });
const app = tarOf({ "app/run": "run\n" });
const { signal } = new AbortController();

async function save(at: TestImages, ...names: string[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(saveImages(at.images, selectImages(at.images, names, []))));
}
async function* once(bytes: Uint8Array) {
  yield bytes;
}
const route = (at: TestImages, method: string, path: string) => {
  const found = imageRoutes(at.images).find((item) => item.method === method && item.path === path);
  if (!found) throw new Error(`no route ${method} ${path}`);
  return found;
};

test("saveImages() writes an archive that both of its readers load to the same ids and names", async () => {
  using at = openTestImages();
  await at.load(dockerArchive(["app:1", "x.io/app:2"], [base, app]));
  const archive = await save(at, "app:1", "x.io/app:2");
  using other = openTestImages();
  expect(await other.load(archive)).toEqual(["Loaded image: app:1\nLoaded image: x.io/app:2"]);
  expect(other.images.store.find("app:1").id).toBe(at.images.store.find("app:1").id);
  expect((await save(other, "x.io/app", "app")).equals(archive)).toBe(true);

  const listed = Bun.spawnSync(["tar", "tf", "-"], { stdin: archive }).stdout.toString().split("\n");
  expect(listed).toContain("oci-layout");
  using directory = openTestImages();
  Bun.spawnSync(["tar", "x", "-C", directory.home], { stdin: archive });
  const files: TreeFiles = {};
  for (const name of listed.filter((item) => item !== "" && !item.endsWith("/") && item !== "manifest.json")) {
    files[name] = await Bun.file(join(directory.home, name)).bytes();
  }
  using oci = openTestImages();
  expect(await oci.load(files)).toEqual(["Loaded image: app:1", "Loaded image: x.io/app:2"]);
  expect(oci.images.store.find("app:1").id).toBe(at.images.store.find("app:1").id);
});

test("saveImages() gives compressed layers back as they came", async () => {
  using at = openTestImages();
  const files: TreeFiles = {};
  const annotations = { "io.containerd.image.name": "docker.io/library/z:1" };
  await at.load(ociLayout(files, [addOciImage(files, [base, app], { compression: "zstd", annotations })]));
  const blobs = at.images.store.table.layers().map((layer) => layer.blob as string);
  using other = openTestImages();
  await other.load(await save(at, "z:1"));
  expect(
    other.images.store.table
      .layers()
      .map((layer) => layer.blob as string)
      .sort(),
  ).toEqual(blobs.sort());
});

test("selectImages() takes all tags of a repository, one tag, or an id without names", async () => {
  using at = openTestImages();
  await at.load(dockerArchive(["app:1", "app:2"], [base]));
  const { id } = at.images.store.find("app:1");
  const names = (name: string) => selectImages(at.images, [name], [])[0]?.names.map((item) => item.tag);
  expect(names("app")).toEqual(["1", "2"]);
  expect(names("app:2")).toEqual(["2"]);
  expect(names(id)).toEqual([]);
  expect(names(id.slice(7, 19))).toEqual([]);
  expect(() => selectImages(at.images, ["app:1", "nope"], [])).toThrow("No such image: nope:latest");
});

test("importImage() makes an image of a root filesystem, with changes", async () => {
  using at = openTestImages();
  const reference = withDefaultTag(parseReference("imported"));
  const platform = { os: "linux", architecture: "amd64", variant: "" };
  const options = { reference, changes: ['CMD ["/run"]', "ENV A=1"], message: "by hand", platform, signal };
  const id = await importImage(at.images, once(app), options);
  const image = at.images.store.find("imported");
  expect(image.id).toBe(id);
  expect(image.file).toMatchObject({
    config: { Cmd: ["/run"], Env: ["A=1"] },
    comment: "by hand",
    diffIds: [sha256(app)],
  });
  expect(at.images.events.history().map((event) => event.Action)).toEqual(["tag", "import"]);
  expect(readdirSync(join(at.home, "blobs/drafts"))).toEqual([]);
});

test("POST /images/create refuses bad names, other sources and bad changes before it reads", async () => {
  using at = openTestImages();
  const handle = async (query: string) => route(at, "POST", "/images/create").handle(createTestRequest(query).request);
  await expect(handle("fromImage=BAD")).rejects.toThrow("must be lowercase");
  await expect(handle("fromImage=a&platform=x y")).rejects.toThrow("os/arch[/variant] is expected");
  await expect(handle("fromSrc=http://x/y")).rejects.toThrow("only fromSrc=- is supported");
  await expect(handle("fromSrc=-&changes=RUN+x")).rejects.toThrow("RUN is not one of");
  await expect(handle("fromSrc=-&repo=BAD")).rejects.toThrow("must be lowercase");
});

test("POST /images/create imports the body and streams the id", async () => {
  using at = openTestImages();
  const { request, seen } = createTestRequest("fromSrc=-&repo=r&tag=t", {}, new Uint8Array(app));
  await route(at, "POST", "/images/create").handle(request);
  expect(JSON.parse(seen.text)).toEqual({ status: at.images.store.find("r:t").id });
});

test("commitContainer() adds a layer, a parent and a history entry", async () => {
  using at = openTestImages();
  await at.load(dockerArchive(["app:1"], [base]));
  const parent = at.images.store.find("app:1");
  await Bun.write(join(at.home, "upper/new"), "new\n");
  const source = {
    id: "c".repeat(64),
    imageId: parent.id,
    config: { Cmd: ["/bin/sh"], Env: ["A=b", "B=c"] } satisfies ImageConfig,
    hostname: "h",
    upper: join(at.home, "upper"),
    attributes: { name: "box", image: "app:1" },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const reference = withDefaultTag(parseReference("made"));
  const options = { reference, comment: "done", author: "me", changes: ["USER app"], config: { Env: ["A=z"] }, signal };
  const id = await commitContainer(at.images, source, options);
  const { file, parent: recorded } = at.images.store.find("made");
  expect(recorded).toBe(parent.id);
  expect(file).toMatchObject({
    author: "me",
    comment: "done",
    config: { User: "app", Cmd: ["/bin/sh"], Env: ["A=z", "B=c"] },
  });
  expect(file.history).toHaveLength(2);
  const { layers } = await createImageResolver(at.images).resolve("made");
  expect(layers.lowers.map((lower) => readdirSync(lower))).toEqual([["new"], ["etc"]]);
  expect(at.images.events.history().at(-1)).toMatchObject({
    Type: "container",
    Action: "commit",
    Actor: { Attributes: { imageID: id } },
  });
  expect(() => removeImage(at.images, parent.id, { force: true, prune: true })).toThrow(
    "image has dependent child images",
  );
  expect(removeImage(at.images, "made", { force: false, prune: true }).items.slice(0, 2)).toEqual([
    { Untagged: "made:latest" },
    { Deleted: id },
  ]);
});

test("mergeConfig() lays the given over the container's own", () => {
  const own: ImageConfig = { Env: ["A=1", "B=2"], Labels: { a: "1" }, Cmd: ["x"], Volumes: { "/a": {} } };
  expect(mergeConfig(own, { Env: ["A=3"], Labels: { b: "2" }, Cmd: ["y"], Volumes: { "/b": {} } })).toEqual({
    Env: ["A=3", "B=2"],
    Labels: { a: "1", b: "2" },
    Cmd: ["y"],
    Volumes: { "/a": {}, "/b": {} },
  });
});

test("pruneImages() takes dangling images, and with dangling=false all that nobody uses", async () => {
  using at = openTestImages();
  await at.load(dockerArchive(["used:1"], [base]));
  await at.load(dockerArchive(["free:1", "free:2"], [base, app]));
  await at.load(dockerArchive(null, [app]));
  const dangling = at.images.store.list()[2]?.id ?? "";
  at.uses.set(at.images.store.find("used:1").id, [{ containerId: "c".repeat(64), running: false }]);
  expect(await pruneImages(at.images, new Map())).toMatchObject({
    items: [{ Deleted: dangling }, {}],
    freedBytes: 4, // free:1 has the same blob
  });
  const all = await pruneImages(at.images, new Map([["dangling", ["false"]]]));
  expect(all.items.slice(0, 2)).toEqual([{ Untagged: "free:1" }, { Untagged: "free:2" }]);
  expect(at.images.store.list().map((image) => image.references.length)).toEqual([1]);
});

test("POST /images/load answers with Docker's stream, and with a status when nothing was sent yet", async () => {
  using at = openTestImages();
  const { request, seen } = createTestRequest("", {}, new Uint8Array(tarOf(dockerArchive(["app:1"], [base]))));
  await route(at, "POST", "/images/load").handle(request);
  const lines = seen.text
    .trim()
    .split("\r\n")
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ status: "Loading layer", id: sha256(base).slice(7, 19) });
  expect(lines.at(-1)).toEqual({ stream: "Loaded image: app:1\n" });
  const bad = createTestRequest("", {}, new Uint8Array(tarOf({ x: "y" })));
  await expect(Promise.resolve(route(at, "POST", "/images/load").handle(bad.request))).rejects.toThrow(
    "Cannot load the archive",
  );
  const broken = dockerArchive(["app:2"], [app]);
  broken[`${sha256(app).slice(7)}/layer.tar`] = base;
  const half = createTestRequest("", {}, new Uint8Array(tarOf(broken)));
  await route(at, "POST", "/images/load").handle(half.request);
  expect(half.seen.text).toContain('"errorDetail":{"message":"Cannot accept a layer');
});
