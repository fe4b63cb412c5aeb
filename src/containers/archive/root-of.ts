/** Where a container's files are for a job: in the running process's view, or assembled from its layers. */
import type { RootRef } from "../../engines/index.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";

export async function rootOf(context: Context, container: Container): Promise<RootRef> {
  if (container.starting) await container.starting.catch(() => undefined);
  if (container.workload) return { pid: container.workload.record.pid };
  const { layers } = await context.images.byId(container.imageId);
  const { upper, work } = containerPaths(context.home, container.id);
  const mounts = container.mounts
    .filter((point) => point.type !== "tmpfs")
    .map((point) => ({ source: point.source, target: point.destination, readonly: point.readonly }));
  return { ...layers, upper, work, ...(mounts.length > 0 ? { mounts } : {}) };
}
