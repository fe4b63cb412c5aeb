/** `GET /containers/{id}/changes`: what the container wrote over its image; null when nothing. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";

export type Change = { Path: string; Kind: 0 | 1 | 2 };

export async function changes(context: Context, container: Container, signal: AbortSignal): Promise<Change[] | null> {
  const { layers } = await context.images.byId(container.imageId);
  const found: Change[] = [];
  const { upper } = containerPaths(context.home, container.id);
  await context.jobs.run(
    { t: "diff", upper, lowers: layers.lowers },
    {
      signal,
      onFrame(frame) {
        const kind = frame["kind"];
        if (kind === 0 || kind === 1 || kind === 2) found.push({ Path: String(frame["path"]), Kind: kind });
      },
    },
  );
  const own = withoutMountPoints(found.sort((a, b) => (a.Path < b.Path ? -1 : a.Path > b.Path ? 1 : 0)));
  return own.length > 0 ? own : null;
}

/** Made by every start for what it mounts there; Docker has them in a layer of their own below. */
const mountPoints = new Set(
  "/dev /dev/console /dev/pts /dev/shm /proc /sys /etc/hosts /etc/hostname /etc/resolv.conf".split(" "),
);

/** `changes` in order of their paths. */
export function withoutMountPoints(changes: readonly Change[]): Change[] {
  const own = changes.filter(({ Path, Kind }) => Kind === 2 || !mountPoints.has(Path));
  const dropped = own.length < changes.length;
  const holdsOwn = own.some(({ Path }) => Path.startsWith("/etc/"));
  return dropped && !holdsOwn ? own.filter(({ Path, Kind }) => Path !== "/etc" || Kind !== 0) : own;
}
