/** One of `HostConfig.Mounts` as a wanted mount, with Docker's refusals. */
import { posix } from "node:path";
import { invalid } from "../errors.ts";
import type { MountPoint } from "../model/mount-point.ts";
import type { MountRequest } from "../schema/host-config.ts";
import { blank } from "./mount-points.ts";

export type WantedMount = Omit<MountPoint, "anonymous"> & {
  driverOptions: Record<string, string>;
  labels: Record<string, string>;
  /** Fill an empty volume with what the image has there. */
  copyUp: boolean;
  /** Make a missing bind source a directory, as `-v` does. */
  createSource: boolean;
};

export function parseMount(mount: MountRequest): WantedMount {
  const bad = (why: string) => invalid("bad_mount", `invalid mount config for type "${mount.Type}": ${why}`);
  if (mount.Type === "") throw invalid("bad_mount", "mount type unknown: an empty type is not allowed");
  if (mount.Target === "") throw bad("field Target must not be empty");
  if (!mount.Target.startsWith("/")) throw bad(`invalid mount path: '${mount.Target}' mount path must be absolute`);
  const destination = posix.resolve("/", mount.Target);
  if (destination === "/") throw bad("invalid specification: destination can't be '/'");
  const base = { ...blank, destination, readonly: mount.ReadOnly };
  if (mount.Type === "bind") {
    if (!mount.Source.startsWith("/")) throw bad(`invalid mount path: '${mount.Source}' mount path must be absolute`);
    if (mount.VolumeOptions) throw bad("field VolumeOptions must not be specified");
    const options = mount.BindOptions;
    return {
      ...base,
      type: "bind",
      source: posix.resolve("/", mount.Source),
      recursive: !(options?.NonRecursive ?? false),
      propagation: options?.Propagation ?? "",
      createSource: options?.CreateMountpoint ?? false,
    };
  }
  if (mount.BindOptions) throw bad("field BindOptions must not be specified");
  if (mount.Type === "tmpfs") {
    if (mount.Source) throw bad("field Source must not be specified");
    return { ...base, type: "tmpfs", tmpfsData: tmpfsData(mount.TmpfsOptions) };
  }
  const options = mount.VolumeOptions;
  if (options?.Subpath) throw bad("a subpath of a volume cannot be mounted by this engine");
  return {
    ...base,
    type: "volume",
    name: mount.Source,
    driver: options?.DriverConfig?.Name ?? "",
    driverOptions: options?.DriverConfig?.Options ?? {},
    labels: options?.Labels ?? {},
    copyUp: !(options?.NoCopy ?? false),
  };
}

function tmpfsData(options: MountRequest["TmpfsOptions"]): string {
  const parts: string[] = [];
  if (options?.SizeBytes) parts.push(`size=${options.SizeBytes}`);
  if (options?.Mode) parts.push(`mode=${options.Mode.toString(8)}`);
  return parts.join(",");
}
