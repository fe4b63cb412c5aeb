/** GET /system/df. */
import type { ApiRequest } from "../api/index.ts";
import { invalidArgument } from "../base/errors.ts";
import type { ContainerTotals, ImageTotals, VolumeTotals } from "./dependencies.ts";

const types = ["container", "image", "volume", "build-cache"];

export type UsageDeps = { containers: ContainerTotals; images: ImageTotals; volumes: VolumeTotals };

export async function handleDiskUsage(deps: UsageDeps, request: ApiRequest): Promise<void> {
  const asked = request.query.getAll("type");
  for (const type of asked) {
    if (!types.includes(type))
      throw invalidArgument("system.bad_type", `unknown object type: ${type}`, `types: ${types.join(", ")}`);
  }
  const wants = (type: string) => asked.length === 0 || asked.includes(type);
  const { signal } = request;
  const images = wants("image") ? await deps.images.usage() : null;
  request.sendJson(200, {
    LayersSize: images?.sizeBytes ?? 0,
    Images: images?.summaries ?? null,
    // Docker's clients work it out from sizes, and take what is shared for reclaimable.
    ...(images ? { ImagesReclaimable: images.reclaimableBytes } : {}),
    Containers: wants("container") ? await deps.containers.usage(signal) : null,
    Volumes: wants("volume") ? await deps.volumes.usage(signal) : null,
    BuildCache: wants("build-cache") ? [] : null,
  });
}
