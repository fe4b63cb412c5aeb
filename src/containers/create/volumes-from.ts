/** `--volumes-from container[:ro|rw]`: the other container's binds and volumes at the same places. */
import { invalid } from "../errors.ts";
import type { Context } from "../model/context.ts";
import type { MountPoint } from "../model/mount-point.ts";

export function volumesFrom(context: Context, sources: readonly string[]): MountPoint[] {
  return sources.flatMap((source) => {
    const [ref = "", mode = "rw", ...rest] = source.split(":");
    if (ref === "" || rest.length > 0 || !/^(ro|rw|z|Z)(,(ro|rw|z|Z))*$/.test(mode)) {
      throw invalid("bad_volumes_from", `invalid volumes-from specification: '${source}'`);
    }
    const readonly = mode.split(",").includes("ro");
    return context.store
      .find(ref)
      .mounts.filter((point) => point.type !== "tmpfs")
      .map((point) => ({ ...point, readonly: readonly || point.readonly, anonymous: false }));
  });
}
