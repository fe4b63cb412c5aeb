/** `GET /containers/{id}/export`: the whole root filesystem as a tar. */
import type { ApiRequest } from "../../api/index.ts";
import { conflict } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import { publish } from "../model/publish.ts";

export async function exportContainer(context: Context, container: Container, request: ApiRequest): Promise<void> {
  if (container.state.status === "removing") {
    throw conflict("removing", `You cannot export container ${container.id} which is being removed`);
  }
  // From the layers though it runs: /proc, /sys and volumes are no part of it.
  const { layers } = await context.images.byId(container.imageId);
  const { upper } = containerPaths(context.home, container.id);
  const root = container.workload
    ? { ...layers, lowers: [upper, ...layers.lowers] }
    : { ...layers, upper, work: containerPaths(context.home, container.id).work };
  const { signal } = request;
  const sink = request.stream(200, "application/x-tar");
  for await (const chunk of context.jobs.stream({ t: "treeTar", root, path: "/", rebase: "" }, { signal }))
    await sink.write(chunk);
  await sink.end();
  publish(context, container, "export");
}
