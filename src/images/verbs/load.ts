/** POST /images/load: an archive becomes images. */
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import { digestHex, parseDigest } from "../../base/digest.ts";
import { type ArchiveImage, readArchive } from "../archive/read-archive.ts";
import { type Platform, parsePlatform } from "../config/platform.ts";
import { translateStorageError } from "../errors.ts";
import { imageEvent } from "../image-event.ts";
import type { Images } from "../images.ts";
import { streamProgress } from "../progress.ts";
import { canonicalName, familiarName } from "../reference/reference.ts";
import { addImage, type LayerListener } from "../store/add-image.ts";
import { collectLayers } from "../store/collect.ts";

export type LoadOptions = { platform: Platform | null; signal: AbortSignal; onLayer?: LayerListener };

export function handleLoad(images: Images, request: ApiRequest): Promise<void> {
  const quiet = boolQuery(request.query, "quiet");
  const platform = parsePlatform(request.query.get("platform"));
  return streamProgress(request, async (progress) => {
    const onLayer: LayerListener = async ({ diffId, file, done }) => {
      if (quiet) return;
      const total = Bun.file(file).size;
      const progressDetail = { current: done ? total : 0, total };
      await progress.send({ status: "Loading layer", progressDetail, id: diffId.slice(7, 19) });
    };
    const options: LoadOptions = { platform, signal: request.signal, onLayer };
    for await (const line of loadArchive(images, request.body(), options)) await progress.send({ stream: `${line}\n` });
  });
}

/** Yields "Loaded image: x" for each image, once it can be used. */
export async function* loadArchive(images: Images, body: AsyncIterable<Uint8Array>, options: LoadOptions) {
  const { signal, platform } = options;
  using draft = images.store.blobs.createDraft();
  try {
    await images.jobs.run(
      {
        t: "unpack",
        source: { stream: true },
        dest: draft.path,
        whiteouts: "none",
        limits: images.limits,
        flat: true,
      },
      { signal, input: body },
    );
    const digestFile = async (path: string) =>
      parseDigest((await images.jobs.run({ t: "digestFile", path }, { signal })).digest, "the native core's answer");
    for (const image of await readArchive(draft.path, { platform, digestFile }))
      yield await loadImage(images, image, options);
  } catch (error) {
    collectLayers(images.store, images.leases);
    throw translateStorageError(error, "load the archive");
  }
}

async function loadImage(
  images: Images,
  { config, layers, names }: ArchiveImage,
  options: LoadOptions,
): Promise<string> {
  const { signal, onLayer } = options;
  const add = { config, layers, parent: null, signal };
  const id = await addImage(images, onLayer ? { ...add, onLayer } : add);
  for (const name of names) images.store.table.setName(canonicalName(name), id, images.now());
  images.store.refresh();
  const shown = names.map(familiarName);
  imageEvent(images, "load", id, shown[0] ?? id);
  if (shown.length === 0) return `Loaded image ID: sha256:${digestHex(id)}`;
  return shown.map((name) => `Loaded image: ${name}`).join("\n");
}
