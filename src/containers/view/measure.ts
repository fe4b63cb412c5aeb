/** What a container takes on disk: its own writes, and with its image's layers. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import type { Sizes } from "./inspect.ts";

export async function measure(context: Context, container: Container): Promise<Sizes> {
  const { sizeBytes } = await context.images.byId(container.imageId);
  const { upper } = containerPaths(context.home, container.id);
  const sizeRw = Number((await context.jobs.run({ t: "usage", path: upper }))["sizeBytes"] ?? 0);
  return { sizeRw, sizeRootFs: sizeRw + sizeBytes };
}
