/** Endpoints of volumes, as Docker has them. */
import { type ApiRequest, boolQuery, type Filters, parseFilters, type Route } from "../api/index.ts";
import { noSuchVolume } from "./errors.ts";
import { parseListFilters, parsePruneFilters } from "./filters.ts";
import { parseCreateBody, type VolumeBody } from "./schema.ts";
import type { Volume, Volumes } from "./volumes.ts";

export function volumeRoutes(volumes: Volumes): Route[] {
  return [
    { method: "GET", path: "/volumes", handle: (request) => handleList(volumes, request) },
    { method: "POST", path: "/volumes/create", handle: (request) => handleCreate(volumes, request) },
    { method: "POST", path: "/volumes/prune", since: "1.25", handle: (request) => handlePrune(volumes, request) },
    {
      method: "GET",
      path: "/volumes/{name}",
      handle: (request) => request.sendJson(200, volumeBody(volumes.get(request.params.name ?? ""))),
    },
    { method: "DELETE", path: "/volumes/{name}", handle: (request) => handleRemove(volumes, request) },
  ];
}

export function volumeBody({ name, labels, options, path, createdMs }: Volume): VolumeBody {
  return {
    CreatedAt: new Date(createdMs).toISOString().replace(/\.\d+Z$/, "Z"),
    Driver: "local",
    Labels: Object.keys(labels).length > 0 ? labels : null,
    Mountpoint: path,
    Name: name,
    Options: Object.keys(options).length > 0 ? options : null,
    Scope: "local",
  };
}

function handleList(volumes: Volumes, request: ApiRequest): void {
  const matches = parseListFilters(volumes, parseFilters(request.query, ["dangling", "driver", "label", "name"]));
  request.sendJson(200, { Volumes: volumes.list().filter(matches).map(volumeBody), Warnings: null });
}

async function handleCreate(volumes: Volumes, request: ApiRequest): Promise<void> {
  request.sendJson(201, volumeBody(volumes.ensure(parseCreateBody(await request.json()))));
}

async function handleRemove(volumes: Volumes, request: ApiRequest): Promise<void> {
  const name = request.params.name ?? "";
  const isThere = volumes.find(name) !== null;
  if (!isThere && !boolQuery(request.query, "force")) throw noSuchVolume(name);
  if (isThere) await volumes.remove(name);
  request.sendEmpty(204);
}

async function handlePrune(volumes: Volumes, request: ApiRequest): Promise<void> {
  const filters = parseFilters(request.query, ["label", "label!", "all"]);
  // Before 1.42 every unused volume went.
  const pruned = await pruneVolumes(volumes, filters, request.version[1] < 42, request.signal);
  request.sendJson(200, { VolumesDeleted: pruned.names, SpaceReclaimed: pruned.freedBytes });
}

export async function pruneVolumes(volumes: Volumes, filters: Filters, all: boolean, signal: AbortSignal) {
  const matches = parsePruneFilters(filters, all);
  const names: string[] = [];
  let freedBytes = 0;
  for (const volume of volumes.list().filter(matches)) {
    signal.throwIfAborted();
    if (volumes.holdersOf(volume.name).length > 0) continue;
    const sizeBytes = await volumes.sizeBytes(volume, signal);
    // While it was measured, somebody may have taken or removed it.
    if (volumes.holdersOf(volume.name).length > 0 || !volumes.find(volume.name)) continue;
    await volumes.remove(volume.name);
    names.push(volume.name);
    freedBytes += sizeBytes;
  }
  volumes.events.publish({ type: "volume", action: "prune", id: "", attributes: { reclaimed: String(freedBytes) } });
  return { names, freedBytes };
}
