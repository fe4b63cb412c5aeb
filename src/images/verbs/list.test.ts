import { expect, test } from "bun:test";
import type { Filters } from "../../api/index.ts";
import { dockerArchive, tarOf } from "../testing/archives.ts";
import { openTestImages } from "../testing/open-test-images.ts";
import { imageHistory } from "./history.ts";
import { inspectImage } from "./inspect.ts";
import { listImages } from "./list.ts";
import { removeImage } from "./remove.ts";

const base = tarOf({ "etc/os": "base\n" });
const more = tarOf({ "etc/more": "more\n" });

async function openWithImages() {
  const at = openTestImages();
  await at.load(dockerArchive(["old:1"], [base], { created: "2020-01-01T00:00:00Z" }));
  await at.load(dockerArchive(["x.io/new:1", "new"], [base, more], { config: { Labels: { a: "1" } } }));
  await at.load(dockerArchive(null, [more], { created: undefined, config: null, history: undefined }));
  const names = (filters: Record<string, string[]>) =>
    listImages(at.images, { all: false, filters: new Map(Object.entries(filters)) as Filters, sharedSize: false }).map(
      (image) => image.RepoTags[0] ?? "<none>",
    );
  return { at, names, [Symbol.dispose]: () => at[Symbol.dispose]() };
}

test("listImages() gives Docker's shape, newest first", async () => {
  using opened = await openWithImages();
  const list = listImages(opened.at.images, { all: false, filters: new Map(), sharedSize: true });
  expect(list.map(({ Id: _, ...rest }) => rest)).toEqual([
    {
      ParentId: "",
      RepoTags: ["new:latest", "x.io/new:1"],
      RepoDigests: [],
      Created: 1767323045,
      Size: 10,
      SharedSize: 5,
      Labels: { a: "1" },
      Containers: -1,
    },
    {
      ParentId: "",
      RepoTags: ["old:1"],
      RepoDigests: [],
      Created: 1577836800,
      Size: 5,
      SharedSize: 5,
      Labels: { who: "test" },
      Containers: -1,
    },
    { ParentId: "", RepoTags: [], RepoDigests: [], Created: 0, Size: 5, SharedSize: 0, Labels: null, Containers: -1 },
  ]);
});

test("listImages() filters as Docker does", async () => {
  using opened = await openWithImages();
  const { names } = opened;
  expect(names({ dangling: ["true"] })).toEqual(["<none>"]);
  expect(names({ dangling: ["false"] })).toEqual(["new:latest", "old:1"]);
  expect(names({ label: ["a"] })).toEqual(["new:latest"]);
  expect(names({ label: ["a=2"] })).toEqual([]);
  expect(names({ label: ["a=1", "who"] })).toEqual([]);
  expect(names({ before: ["new"] })).toEqual(["old:1", "<none>"]);
  expect(names({ since: ["old:1"] })).toEqual(["new:latest"]);
  expect(names({ reference: ["o*"] })).toEqual(["old:1"]);
  expect(names({ reference: ["x.io/*", "old"] })).toEqual(["new:latest", "old:1"]);
  expect(names({ until: ["2021-01-01"] })).toEqual(["old:1", "<none>"]);
  expect(() => names({ dangling: ["maybe"] })).toThrow("invalid filter 'dangling=[maybe]'");
  expect(() => names({ before: ["nope"] })).toThrow("No such image: nope:latest");
});

test("inspectImage() gives what Docker gives", async () => {
  using opened = await openWithImages();
  const { images } = opened.at;
  expect(inspectImage(images, images.store.find("old:1"))).toMatchObject({
    RepoTags: ["old:1"],
    Parent: "",
    Created: "2020-01-01T00:00:00Z",
    Architecture: "amd64",
    Os: "linux",
    Size: 5,
    Config: { Cmd: ["/bin/sh"], Env: ["A=b"], Labels: { who: "test" }, Entrypoint: null, User: "", WorkingDir: "" },
    GraphDriver: { Name: "overlayfs" },
    RootFS: { Type: "layers", Layers: images.store.find("old:1").file.diffIds },
  });
});

test("imageHistory() is newest first, and only the newest has an id", async () => {
  using opened = await openWithImages();
  const { images } = opened.at;
  const image = images.store.find("new");
  expect(imageHistory(images, image)).toEqual([
    {
      Id: image.id,
      Created: 1767323045,
      CreatedBy: "step 1",
      Tags: ["new:latest", "x.io/new:1"],
      Size: 5,
      Comment: "",
    },
    { Id: "<missing>", Created: 1767323045, CreatedBy: "step 0", Tags: null, Size: 5, Comment: "" },
  ]);
});

test("find() takes parts of an id, and says when several images begin so", async () => {
  using opened = await openWithImages();
  const { images } = opened.at;
  const { id } = images.store.find("new");
  expect(images.store.find(id.slice(7, 20)).id).toBe(id);
  expect(images.store.find(id.slice(0, 20)).id).toBe(id);
  expect(() => images.store.find("APP")).toThrow("must be lowercase");
  removeImage(images, "old:1", { force: false, prune: true });
  expect(() => images.store.find("old:1")).toThrow("No such image: old:1");
});
