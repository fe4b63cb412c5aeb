/** Binds, mounts, tmpfs, `--volumes-from` and the image's volumes, made one list with one entry per destination. */

import { mkdir, stat } from "node:fs/promises";
import { posix } from "node:path";
import type { LayerStack } from "../../engines/index.ts";
import { invalid } from "../errors.ts";
import type { Context } from "../model/context.ts";
import type { MountPoint } from "../model/mount-point.ts";
import type { Config } from "../schema/config.ts";
import type { HostConfig } from "../schema/host-config.ts";
import { parseBind } from "./parse-bind.ts";
import { parseMount, type WantedMount } from "./parse-mount.ts";
import { volumesFrom } from "./volumes-from.ts";

type Input = { config: Config; host: HostConfig; layers: LayerStack; containerId: string };

/** Whether there is anything to do: the common case has no mounts and must cost nothing. */
export function hasMounts(config: Config, host: HostConfig): boolean {
  if (host.Binds?.length || host.Mounts.length || host.VolumesFrom?.length) return true;
  for (const _ in config.Volumes) return true;
  for (const _ in host.Tmpfs) return true;
  return false;
}

export async function resolveMounts(
  context: Context,
  { config, host, layers, containerId }: Input,
): Promise<MountPoint[]> {
  const points = new Map<string, MountPoint>();
  for (const point of volumesFrom(context, host.VolumesFrom ?? [])) {
    points.set(point.destination, point);
    if (point.type === "volume") context.volumes.hold(point.name, containerId);
  }
  const wanted: WantedMount[] = [
    ...(host.Binds ?? []).map((bind) => parseBind(bind, host.VolumeDriver)),
    ...host.Mounts.map(parseMount),
    ...Object.entries(host.Tmpfs).map(([target, options]) => tmpfs(target, options)),
  ];
  const seen = new Set<string>();
  for (const mount of wanted) {
    if (seen.has(mount.destination)) throw invalid("duplicate_mount", `Duplicate mount point: ${mount.destination}`);
    seen.add(mount.destination);
    points.set(mount.destination, await resolveMount(context, mount, layers, containerId));
  }
  for (const path in config.Volumes) {
    const destination = posix.resolve("/", path);
    if (points.has(destination)) continue;
    points.set(
      destination,
      await resolveMount(context, anonymous(destination, host.VolumeDriver), layers, containerId),
    );
  }
  return [...points.values()];
}

export function tmpfs(target: string, options: string): WantedMount {
  if (!target.startsWith("/"))
    throw invalid("bad_mount", `invalid mount path: '${target}' mount path must be absolute`);
  return { ...blank, type: "tmpfs", destination: posix.resolve("/", target), tmpfsData: options };
}

function anonymous(destination: string, driver: string): WantedMount {
  return { ...blank, type: "volume", destination, driver };
}

export const blank: Omit<WantedMount, "type" | "destination"> = {
  name: "",
  source: "",
  driver: "",
  mode: "",
  readonly: false,
  recursive: true,
  propagation: "",
  tmpfsData: "",
  driverOptions: {},
  labels: {},
  copyUp: true,
  createSource: false,
};

async function resolveMount(
  context: Context,
  wanted: WantedMount,
  layers: LayerStack,
  containerId: string,
): Promise<MountPoint> {
  const { driverOptions, labels, copyUp, createSource, ...point } = wanted;
  if (point.type === "tmpfs") return { ...point, anonymous: false };
  if (point.type === "bind") {
    await requireSource(point.source, createSource);
    return { ...point, anonymous: false, propagation: point.propagation || "rprivate" };
  }
  const request = { name: point.name || null, driver: point.driver, driverOptions, labels };
  const volume = await context.volumes.ensure(request);
  context.volumes.hold(volume.name, containerId);
  if (copyUp && layers.lowers.length > 0) await context.volumes.copyUp(volume.name, layers, point.destination);
  return { ...point, name: volume.name, source: volume.path, driver: volume.driver, anonymous: wanted.name === "" };
}

async function requireSource(source: string, create: boolean): Promise<void> {
  if (create) return void (await mkdir(source, { recursive: true, mode: 0o755 }).catch(ignoreExisting));
  await stat(source).catch((cause) => {
    throw invalid(
      "bad_mount",
      `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      cause instanceof Error ? cause.message : undefined,
    );
  });
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
