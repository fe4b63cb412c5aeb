/** What a container takes on disk: its own writes, and with its image's layers. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import type { Sizes } from "./inspect.ts";

export async function measure(context: Context, container: Container): Promise<Sizes> {
  const sizeOf = async (path: string) => Number((await context.jobs.run({ t: "usage", path }))["sizeBytes"] ?? 0);
  const { lowers } = await context.images.byId(container.imageId);
  const [sizeRw = 0, ...layers] = await Promise.all(
    [containerPaths(context.home, container.id).upper, ...lowers].map(sizeOf),
  );
  return { sizeRw, sizeRootFs: layers.reduce((sum, size) => sum + size, sizeRw) };
}
