/** GET /images/{name}/get and /images/get: images as one archive. */
import type { ApiRequest } from "../../api/index.ts";
import { invalidArgument } from "../../base/errors.ts";
import { writeTar } from "../archive/tar-writer.ts";
import { archiveEntries, type SavedImage } from "../archive/write-archive.ts";
import { imageEvent } from "../image-event.ts";
import type { Images } from "../images.ts";
import { parseImageName } from "../reference/parse-any.ts";
import { familiarName, type Reference } from "../reference/reference.ts";
import type { Image } from "../store/image-store.ts";
import { requirePlatform } from "./asked-platform.ts";

export async function handleSave(images: Images, request: ApiRequest): Promise<void> {
  const { params, query } = request;
  const names = params.name === undefined ? query.getAll("names").flatMap((value) => value.split(",")) : [params.name];
  const wanted = names.filter((name) => name !== "");
  if (wanted.length === 0)
    throw invalidArgument("image.no_names", "Cannot save images: the parameter names is missing");
  const saved = selectImages(images, wanted, query.getAll("platform"));
  const sink = request.stream(200, "application/x-tar");
  for await (const bytes of saveImages(images, saved)) {
    request.signal.throwIfAborted();
    await sink.write(bytes);
  }
  await sink.end();
}

/** Everything is found before the first byte is sent. A repository without a tag means all of its tags. */
export function selectImages(images: Images, names: readonly string[], platforms: readonly string[]): SavedImage[] {
  const selected = new Map<string, { image: Image; names: Map<string, Reference> }>();
  const add = (image: Image, references: readonly Reference[]) => {
    requirePlatform(image, platforms);
    const entry = selected.get(image.id) ?? { image, names: new Map<string, Reference>() };
    for (const reference of references) entry.names.set(familiarName(reference), reference);
    selected.set(image.id, entry);
  };
  for (const name of names) {
    const group = repositoryImages(images, name);
    if (group.length > 0) for (const { image, references } of group) add(image, references);
    else {
      const image = images.store.find(name);
      add(image, namesAskedFor(image, name));
    }
  }
  return [...selected.values()].map(({ image, names }) => ({
    image,
    names: [...names.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference),
  }));
}

function repositoryImages(images: Images, text: string): { image: Image; references: Reference[] }[] {
  const name = parseImageName(text);
  if (name.kind === "id" || /:[^/]*$/.test(text)) return [];
  const { domain, path } = name.reference;
  return images.store.list().flatMap((image) => {
    const references = image.references.filter(
      (item) => item.domain === domain && item.path === path && item.tag !== null,
    );
    return references.length > 0 ? [{ image, references }] : [];
  });
}

/** By id: an image without names. */
function namesAskedFor(image: Image, text: string): Reference[] {
  const name = parseImageName(text);
  if (name.kind === "id") return [];
  const wanted = familiarName({ ...name.reference, digest: null });
  return image.references.filter((reference) => familiarName(reference) === wanted);
}

export async function* saveImages(images: Images, saved: readonly SavedImage[]): AsyncGenerator<Uint8Array> {
  // The layers stay for as long as they are read, whatever is removed meanwhile.
  using _lease = images.leases.take(saved.flatMap(({ image }) => image.chainIds));
  yield* writeTar(archiveEntries(images.store, saved));
  for (const { image } of saved) imageEvent(images, "save", image.id, image.id);
}
