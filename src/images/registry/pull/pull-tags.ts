/** Every tag of a repository, one after the other. */
import type { Images } from "../../images.ts";
import type { Reference } from "../../reference/reference.ts";
import { withTag } from "../../reference/reference.ts";
import { openClient } from "../client.ts";
import type { Registries } from "../registries.ts";
import { listTags } from "../tags.ts";
import { type PullOptions, pullImage } from "./pull.ts";

export async function pullTags(
  images: Images,
  registries: Registries,
  repository: Reference,
  options: PullOptions,
): Promise<void> {
  const { credentials, signal } = options;
  const client = openClient(repository, { credentials, settings: registries.settings });
  for (const tag of await listTags(client, repository, signal))
    await pullImage(images, registries, withTag(repository, tag), options);
}
