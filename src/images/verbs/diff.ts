/** GET /hbx/v1/images/diff?from=&to=: files that differ between two images, in the form of a container's changes. */
import type { ApiRequest } from "../../api/index.ts";
import { invalidArgument } from "../../base/errors.ts";
import { cannotDiff } from "../errors.ts";
import type { Images } from "../images.ts";
import { bringIntoForm } from "../layers/make-ready.ts";
import type { Change } from "../layers/snapshotter.ts";
import type { Image } from "../store/image-store.ts";
import { requirePlatform } from "./asked-platform.ts";

export async function handleDiff(images: Images, request: ApiRequest): Promise<void> {
  const { query, signal } = request;
  const named = (parameter: string) => {
    const name = query.get(parameter) ?? "";
    if (name === "")
      throw invalidArgument("image.diff_what", `Cannot compare images: the parameter ${parameter} is missing`);
    const image = images.store.find(name);
    requirePlatform(image, query.getAll("platform"));
    return image;
  };
  request.sendJson(200, await diffImages(images, named("from"), named("to"), signal));
}

/** In order of paths. Images for other platforms are files as well. */
export async function diffImages(images: Images, from: Image, to: Image, signal: AbortSignal): Promise<Change[]> {
  const { store, leases } = images;
  const { diff, name } = store.snapshotter;
  if (diff === null) throw cannotDiff(name);
  const stacks = [store.layersOf(from), store.layersOf(to)] as const;
  using _lease = leases.take(stacks.flat().flatMap(({ chainId, diffId }) => [chainId, diffId]));
  for (const layers of stacks) await bringIntoForm(images, layers);
  return await diff(...stacks, signal);
}
