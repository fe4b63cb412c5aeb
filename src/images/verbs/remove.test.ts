import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { parseReference, withDefaultTag } from "../reference/reference.ts";
import { createImageResolver } from "../resolve.ts";
import { sweepImages } from "../sweep.ts";
import { dockerArchive, tarOf } from "../testing/archives.ts";
import { openTestImages, type TestImages } from "../testing/open-test-images.ts";
import { type RemoveOptions, removeImage } from "./remove.ts";
import { tagImage } from "./tag.ts";

const base = tarOf({ "etc/os": "base\n" });
const plain: RemoveOptions = { force: false, prune: true };
const forced: RemoveOptions = { force: true, prune: true };
const container = "c".repeat(64);

async function withImage(at: TestImages): Promise<string> {
  await at.load(dockerArchive(["app:1"], [base]));
  return at.images.store.find("app:1").id;
}
const tag = (at: TestImages, name: string) =>
  tagImage(at.images, at.images.store.find("app:1").id, withDefaultTag(parseReference(name)));

test("removeImage() by its only name deletes image, layers and blobs", async () => {
  using at = openTestImages();
  const id = await withImage(at);
  const [chainId] = at.images.store.byId(id)?.chainIds ?? [];
  const { items, freed } = removeImage(at.images, "app:1", plain);
  expect(items).toEqual([{ Untagged: "app:1" }, { Deleted: id }, { Deleted: String(chainId) }]);
  expect(await Promise.all(freed)).toEqual([{ items: 2, sizeBytes: 5 + base.byteLength }]);
  expect(at.images.store.table.layers()).toEqual([]);
  expect(at.images.store.blobs.sweep(new Set())).toBe(0);
  const seen = at.images.events.history().map((event) => event.Action);
  expect(seen).toEqual(["load", "untag", "delete"]);
});

test("removeImage() by one of several names only untags", async () => {
  using at = openTestImages();
  const id = await withImage(at);
  tag(at, "app:2");
  expect(removeImage(at.images, "app:2", plain).items).toEqual([{ Untagged: "app:2" }]);
  expect(at.images.store.find("app:1").id as string).toBe(id);
});

test("removeImage() by id needs force when there are several names", async () => {
  using at = openTestImages();
  const id = await withImage(at);
  tag(at, "other:1");
  expect(() => removeImage(at.images, id, plain)).toThrow(
    "(must be forced) - image is referenced in multiple repositories",
  );
  expect(removeImage(at.images, id.slice(7, 19), forced).items.slice(0, 3)).toEqual([
    { Untagged: "app:1" },
    { Untagged: "other:1" },
    { Deleted: id },
  ]);
});

test("removeImage() refuses while a container is made from it, in Docker's words", async () => {
  using at = openTestImages();
  const id = await withImage(at);
  at.uses.set(id, [{ containerId: container, running: false }]);
  expect(() => removeImage(at.images, "app:1", plain)).toThrow(
    `conflict: unable to remove repository reference "app:1" (must force) - container cccccccccccc is using its referenced image ${id.slice(7, 19)}`,
  );
  expect(() => removeImage(at.images, id, plain)).toThrow(
    "(must be forced) - image is being used by stopped container cccccccccccc",
  );
  at.uses.set(id, [{ containerId: container, running: true }]);
  expect(() => removeImage(at.images, id, forced)).toThrow(
    "(cannot be forced) - image is being used by running container",
  );
  expect(removeImage(at.images, "app:1", forced).items).toEqual([{ Untagged: "app:1" }]);
  expect(at.images.store.list()).toHaveLength(1);
});

test("removeImage() by force keeps the layers for a stopped container until that is gone", async () => {
  using at = openTestImages();
  const id = await withImage(at);
  const resolver = createImageResolver(at.images);
  const [lower = ""] = (await resolver.resolve("app:1")).layers.lowers;
  resolver.hold(id, container);
  expect(removeImage(at.images, "app:1", forced).items).toEqual([{ Untagged: "app:1" }, { Deleted: id }]);
  expect(at.images.store.list()).toEqual([]);
  expect(() => resolver.resolve(id)).toThrow("No such image");
  expect((await resolver.byId(id)).layers).toEqual({ lowers: [lower] });
  at.reopen();
  at.images.holds.hold(id, container);
  await sweepImages(at.images);
  expect(existsSync(lower)).toBe(true);
  at.images.holds.release(id, container);
  expect(at.images.store.byId(id)).toBeNull();
  expect(existsSync(lower)).toBe(false);
});

test("removeImage() brings a detached image back when it is loaded again", async () => {
  using at = openTestImages();
  const id = await withImage(at);
  at.images.holds.hold(id, container);
  removeImage(at.images, "app:1", forced);
  await withImage(at);
  expect(at.images.store.find("app:1").id as string).toBe(id);
  at.images.holds.release(id, container);
  expect(at.images.store.find("app:1").id as string).toBe(id);
});

test("removeImage() keeps layers that another image has", async () => {
  using at = openTestImages();
  await withImage(at);
  await at.load(dockerArchive(["two:1"], [base, tarOf({ more: "x" })]));
  removeImage(at.images, "two:1", plain);
  const [lower = ""] = (await createImageResolver(at.images).resolve("app:1")).layers.lowers;
  expect(existsSync(lower)).toBe(true);
  expect(at.images.store.table.layers()).toHaveLength(1);
});

test.each(["nope", "nope:1", "f".repeat(64), "fff"])("removeImage(%p) is 'No such image'", async (name) => {
  using at = openTestImages();
  await withImage(at);
  expect(() => removeImage(at.images, name, plain)).toThrow(/^No such image: /);
});
