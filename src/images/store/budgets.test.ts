import { expect, test } from "bun:test";
import { createImageResolver } from "../resolve.ts";
import { dockerArchive, tarOf } from "../testing/archives.ts";
import { openTestImages, type TestImages } from "../testing/open-test-images.ts";
import { enforceBudgets } from "./budgets.ts";
import { storeUsage } from "./usage.ts";

const container = "c".repeat(64);
const day = 86_400_000;
const none = { maxUnusedMs: null, maxSizeBytes: null };
const names = (at: TestImages) =>
  at.images.store.list().flatMap(({ references }) => references.map(({ path }) => path.slice(8)));

/** Images a, b, c that came a day apart, each of 100 kB. */
async function three(at: TestImages): Promise<void> {
  for (const name of ["a", "b", "c"]) {
    await at.load(dockerArchive([`${name}:1`], [tarOf({ [name]: name.repeat(100_000) })], { author: name }));
    at.nowMs += day;
  }
}

test("enforceBudgets() removes nothing without budgets, nor what is young enough", async () => {
  using at = openTestImages();
  await three(at);
  expect(await enforceBudgets(at.images, none)).toEqual({ removed: [], overBytes: null });
  expect(await enforceBudgets(at.images, { ...none, maxUnusedMs: 4 * day })).toEqual({ removed: [], overBytes: null });
  expect(names(at)).toEqual(["a", "b", "c"]);
});

test("enforceBudgets() removes what nobody has used for long; a container's end counts as use, after a restart too", async () => {
  using at = openTestImages();
  await three(at);
  const { hold, release } = createImageResolver(at.images);
  const id = at.images.store.find("a:1").id;
  hold(id, container);
  at.nowMs += 10 * day;
  at.uses.set(at.images.store.find("b:1").id, [{ containerId: container, running: false }]);
  release(id, container);
  await enforceBudgets(at.images, none); // writes uses down
  at.reopen();
  const { removed } = await enforceBudgets(at.images, { ...none, maxUnusedMs: 5 * day });
  expect([removed.length, names(at)]).toEqual([1, ["a", "b"]]);
});

test("enforceBudgets() makes room by what was unused longest, and says when what is in use is too much", async () => {
  using at = openTestImages();
  await three(at);
  const { sizeBytes } = await storeUsage(at.images);
  const room = { ...none, maxSizeBytes: sizeBytes - 1 };
  expect((await enforceBudgets(at.images, room)).overBytes).toBeNull();
  expect(names(at)).toEqual(["b", "c"]);
  at.uses.set(at.images.store.find("b:1").id, [{ containerId: container, running: false }]);
  const tight = await enforceBudgets(at.images, { ...none, maxSizeBytes: 1 << 10 });
  expect([names(at), (tight.overBytes ?? 0) > 100_000]).toEqual([["b"], true]);
});
