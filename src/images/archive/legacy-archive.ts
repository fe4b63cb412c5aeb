/**
 * Archives from before Docker 1.10: `repositories` names the topmost layer's id per tag, and each layer is a
 * directory `<id>/` with `json` (its configuration and parent) and `layer.tar`.
 */
import type { Digest } from "../../base/digest.ts";
import { maxConfigBytes, maxLayers } from "../config/image-config.ts";
import { isObject, type ObjectValue } from "../config/json-fields.ts";
import { badArchive } from "../errors.ts";
import { parseReference, type Reference, withTag } from "../reference/reference.ts";
import type { LayerSource } from "../store/add-image.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import type { ArchiveImage, ReadOptions } from "./read-archive.ts";

type LegacyLayer = { json: ObjectValue; source: LayerSource; diffId: Digest };

export async function readLegacyArchive(
  files: ArchiveFiles,
  digestFile: ReadOptions["digestFile"],
): Promise<ArchiveImage[]> {
  const images = new Map<string, ArchiveImage>();
  for (const { id, name } of readRepositories(files)) {
    const known = images.get(id);
    if (known) known.names.push(name);
    else images.set(id, { ...(await readChain(files, id, digestFile)), names: [name] });
  }
  return [...images.values()];
}

function readRepositories(files: ArchiveFiles): { id: string; name: Reference }[] {
  const repositories = files.readJson("repositories", maxConfigBytes);
  if (!isObject(repositories)) throw badArchive("repositories is not an object");
  return Object.entries(repositories).flatMap(([repository, tags]) => {
    if (!isObject(tags)) throw badArchive(`repositories has ${JSON.stringify(repository)} without tags`);
    return Object.entries(tags).map(([tag, id]) => {
      if (typeof id !== "string") throw badArchive(`repositories has ${repository}:${tag} without an id`);
      return { id, name: withTag(parseReference(repository), tag) };
    });
  });
}

async function readChain(files: ArchiveFiles, top: string, digestFile: ReadOptions["digestFile"]) {
  const layers: LegacyLayer[] = [];
  const seen = new Set<string>();
  for (let id: string | null = top; id !== null; ) {
    if (!/^[0-9a-f]{64}$/.test(id)) throw badArchive(`${JSON.stringify(id.slice(0, 80))} is not the id of a layer`);
    if (seen.has(id)) throw badArchive(`the layer ${id} is its own ancestor`);
    seen.add(id);
    if (seen.size > maxLayers) throw badArchive(`it has an image of more than ${maxLayers} layers`);
    const json = files.readJson(`${id}/json`, maxConfigBytes);
    if (!isObject(json)) throw badArchive(`${id}/json is not an object`);
    const file = files.path(`${id}/layer.tar`);
    const digest = await digestFile(file);
    layers.unshift({ json, source: { file, expectedDigest: digest }, diffId: digest });
    id = typeof json.parent === "string" && json.parent !== "" ? json.parent : null;
  }
  return { config: makeConfig(layers), layers: layers.map((layer) => layer.source) };
}

function makeConfig(layers: readonly LegacyLayer[]): Uint8Array {
  const { id: _id, parent: _parent, Size: _size, layer_id: _layerId, ...kept } = layers.at(-1)?.json ?? {};
  return new TextEncoder().encode(
    JSON.stringify({
      ...kept,
      history: layers.map(({ json }) => historyOf(json)),
      rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    }),
  );
}

function historyOf(json: ObjectValue): Record<string, string> {
  const out: Record<string, string> = {};
  for (const key of ["created", "author", "comment"] as const) {
    const text = json[key];
    if (typeof text === "string" && text !== "") out[key] = text;
  }
  const command = isObject(json.container_config) ? json.container_config.Cmd : null;
  if (Array.isArray(command)) out.created_by = command.join(" ");
  return out;
}
