/** At start, before anything loads: removes what a crash left half-made, and images that nobody keeps any more. */
import type { Digest } from "../base/digest.ts";
import type { Images } from "./images.ts";
import type { Snapshotter } from "./layers/snapshotter.ts";
import { collectLayers, sweepStore } from "./store/collect.ts";

/** Call it after the containers have taken their holds. Answers how many leftovers went. */
export async function sweepImages(images: Images): Promise<number> {
  const { store, uses, holds, leases } = images;
  for (const image of store.table.images()) {
    if (image.detached && uses.of(image.id).length === 0 && holds.of(image.id).size === 0)
      store.table.removeImage(image.id);
  }
  store.refresh();
  const { items } = await collectLayers(store, leases).finished;
  // Layers that lie here in two forms need today's only, unless a container runs on the other.
  const running = new Set(
    store.table
      .images()
      .filter((image) => uses.of(image.id).some((use) => use.running))
      .flatMap((image) => image.chainIds),
  );
  const twofold = store.table
    .layers()
    .filter((layer) => store.snapshotter.has(layer) && !running.has(layer.chainId) && store.snapshotter.givesTarBack);
  const chains = new Set(twofold.map((layer) => layer.chainId));
  const unused = (form: Snapshotter) => (form === store.snapshotter ? new Set<Digest>() : chains);
  return items + (await sweepStore(store, leases, unused));
}
