/** Budgets of the image store: images that nobody has used for long go, and the longest unused where it has grown too large. */
import { errorText } from "../../base/errors.ts";
import type { Images } from "../images.ts";
import { removeWhole } from "../verbs/prune.ts";
import type { Image } from "./image-store.ts";
import { storeUsage } from "./usage.ts";

export type Budgets = {
  /** An image that no container has goes after so long without one; null: never. */
  maxUnusedMs: number | null;
  /** What the store may take on disk; null: no limit. Images in use never go. */
  maxSizeBytes: number | null;
};

export type Enforced = {
  /** Ids of the images that went. */
  removed: string[];
  /** What the store takes though nothing more can go; null where it is within its budget. */
  overBytes: number | null;
};

export async function enforceBudgets(images: Images, { maxUnusedMs, maxSizeBytes }: Budgets): Promise<Enforced> {
  writeDownUses(images);
  const removed: string[] = [];
  const now = images.now();
  const unused = images.store
    .list()
    .filter((image) => isFree(images, image))
    .sort((a, b) => lastUse(a) - lastUse(b));
  for (const image of unused) {
    if (maxUnusedMs === null || now - lastUse(image) < maxUnusedMs) continue;
    if (await remove(images, image)) removed.push(image.id);
  }
  if (maxSizeBytes === null) return { removed, overBytes: null };
  for (const image of unused) {
    if (removed.includes(image.id)) continue;
    if ((await storeUsage(images)).sizeBytes <= maxSizeBytes) return { removed, overBytes: null };
    if (await remove(images, image)) removed.push(image.id);
  }
  const { sizeBytes } = await storeUsage(images);
  return { removed, overBytes: sizeBytes > maxSizeBytes ? sizeBytes : null };
}

function isFree({ uses, holds, store }: Images, { id }: Image): boolean {
  return uses.of(id).length === 0 && holds.of(id).size === 0 && store.childrenOf(id).length === 0;
}

/** When a container last let go of it, else when it came or got its name. */
function lastUse({ usedMs, taggedMs, addedMs }: Image): number {
  return Math.max(usedMs ?? 0, taggedMs ?? 0, addedMs);
}

/** Kept in memory between, since the ends of containers should not wait for it. */
function writeDownUses({ store, lastUses }: Images): void {
  if (lastUses.size === 0) return;
  store.table.transaction(() => {
    for (const [id, usedMs] of lastUses) store.table.setUsed(id, usedMs);
  });
  lastUses.clear();
  store.refresh();
}

/** It may be in use since we looked. */
async function remove(images: Images, { id }: Image): Promise<boolean> {
  const image = images.store.byId(id);
  if (!image || !isFree(images, image)) return false;
  await removeWhole(images, image);
  return images.store.byId(id) === null;
}

const intervalMs = 5 * 60_000;

/** Looks at the budgets now and every few minutes, and tells what it removed. Nothing happens where there are none. */
export function keepBudgets(
  images: Images,
  budgets: Budgets,
  tell: (event: string, fields: object) => void,
): Disposable {
  if (budgets.maxUnusedMs === null && budgets.maxSizeBytes === null) return { [Symbol.dispose]: () => undefined };
  const look = async () => {
    const { removed, overBytes } = await enforceBudgets(images, budgets);
    if (removed.length > 0) tell("image.budget", { removed });
    if (overBytes !== null) tell("image.over_budget", { sizeBytes: overBytes, maxSizeBytes: budgets.maxSizeBytes });
  };
  const run = () => void look().catch((error: unknown) => tell("image.budget_failed", { error: errorText(error) }));
  const timer = setInterval(run, intervalMs);
  timer.unref();
  run();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      writeDownUses(images);
    },
  };
}
