/** At start, before anything loads: removes what a crash left half-made, and images that nobody keeps any more. */
import type { Images } from "./images.ts";
import { collectLayers, sweepStore } from "./store/collect.ts";

/** Call it after the containers have taken their holds. Answers how many leftovers went. */
export async function sweepImages(images: Images): Promise<number> {
  const { store, uses, holds, leases } = images;
  for (const image of store.table.images()) {
    if (image.detached && uses.of(image.id).length === 0 && holds.of(image.id).size === 0)
      store.table.removeImage(image.id);
  }
  store.refresh();
  await collectLayers(store, leases).finished;
  return sweepStore(store);
}
