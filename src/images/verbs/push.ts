/** POST /images/{name}/push. */
import type { ApiRequest } from "../../api/index.ts";
import { invalidArgument } from "../../base/errors.ts";
import { parsePlatform } from "../config/platform.ts";
import type { Images } from "../images.ts";
import { streamProgress } from "../progress.ts";
import { parseReference, type Reference, withTag } from "../reference/reference.ts";
import { requirePlatform } from "./asked-platform.ts";

export async function handlePush(images: Images, request: ApiRequest): Promise<void> {
  const { headers, query, signal } = request;
  const reference = pushedReference(request.params.name ?? "", query.get("tag") ?? "");
  const platform = query.get("platform") ?? "";
  if (parsePlatform(platform) !== null) {
    const tag = reference.tag ?? "latest";
    requirePlatform(images.store.find(`${reference.domain}/${reference.path}:${tag}`), [platform]);
  }
  const { pushImages, parseRegistryAuth } = await import("../registry/push/index.ts");
  const credentials = parseRegistryAuth(headers["x-registry-auth"]);
  const registries = await images.registries();
  await streamProgress(request, (progress) =>
    pushImages(images, registries, reference, { credentials, progress, signal }),
  );
}

/** Without a tag: all of them. */
function pushedReference(name: string, tag: string): Reference {
  const reference = parseReference(name);
  if (reference.digest !== null) {
    throw invalidArgument("image.digest_push", "cannot push a digest reference", "name the image by a tag");
  }
  return tag === "" ? reference : withTag(reference, tag);
}
