/** An image whose layers are all there gets its row: from then on it can be used. */
import type { Digest } from "../../base/digest.ts";
import { maxConfigBytes, parseImageFile } from "../config/image-config.ts";
import { badConfig, layerMissing } from "../errors.ts";
import { chainIds } from "../layers/snapshotter.ts";
import type { AddDeps } from "./add-image.ts";
import { hasLayer } from "./keep-layer.ts";

export type RecordImage = {
  /** The configuration's own bytes; its digest is the image's id. */
  config: Uint8Array;
  /** Image that this one was made from here. */
  parent: Digest | null;
};

/** The caller leases the layers. Throws `image.layer_missing` when one is not there. */
export function recordImage({ store, now }: Pick<AddDeps, "store" | "now">, { config, parent }: RecordImage): Digest {
  if (config.byteLength > maxConfigBytes) throw badConfig(`it is larger than ${maxConfigBytes} bytes`);
  const chains = chainIds(parseImageFile(config).diffIds);
  for (const chainId of chains) if (!hasLayer(store, chainId)) throw layerMissing(chainId);
  const sizeBytes = chains.reduce((sum, chainId) => sum + (store.table.layer(chainId)?.sizeBytes ?? 0), 0);
  const id = store.blobs.put(config);
  store.table.addImage({ id, parent, sizeBytes, chainIds: chains }, now());
  store.refresh();
  // Ahead of the first start, which would have to wait for it; what goes wrong here is told there.
  const opening = store.snapshotter.open(store.layersOf({ chainIds: chains }));
  if (opening instanceof Promise) opening.catch(() => undefined);
  return id;
}
