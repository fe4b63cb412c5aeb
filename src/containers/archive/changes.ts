/** `GET /containers/{id}/changes`: what the container wrote over its image; null when nothing. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";

export type Change = { Path: string; Kind: 0 | 1 | 2 };

export async function changes(context: Context, container: Container, signal: AbortSignal): Promise<Change[] | null> {
  const { lowers } = await context.images.byId(container.imageId);
  const found: Change[] = [];
  const { upper } = containerPaths(context.home, container.id);
  await context.jobs.run(
    { t: "diff", upper, lowers },
    {
      signal,
      onFrame(frame) {
        const kind = frame["kind"];
        if (kind === 0 || kind === 1 || kind === 2) found.push({ Path: String(frame["path"]), Kind: kind });
      },
    },
  );
  if (found.length === 0) return null;
  return found.sort((a, b) => (a.Path < b.Path ? -1 : a.Path > b.Path ? 1 : 0));
}
