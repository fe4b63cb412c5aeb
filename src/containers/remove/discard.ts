/** Gives back all that a container holds: record, name, image, volumes, files. It must not run any more. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerDir } from "../model/paths.ts";

export function discard(context: Context, container: Container): void {
  context.store.remove(container);
  context.images.release(container.imageId, container.id);
  for (const point of container.mounts) if (point.type === "volume") context.volumes.release(point.name, container.id);
  for (const id of container.execs.keys()) context.execs.delete(id);
  context.trash.discard(containerDir(context.home, container.id), container.id);
}
