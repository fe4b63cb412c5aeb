/** Docker's `DistributionInspect`: the descriptor of a name and its platforms. */
import { maxConfigBytes, parseImageFile } from "../../config/image-config.ts";
import type { Platform } from "../../config/platform.ts";
import type { Reference } from "../../reference/reference.ts";
import type { Credentials } from "../auth/credentials.ts";
import { openClients, type RegistryClient } from "../client.ts";
import { imagesOf } from "../content/choose-platform.ts";
import type { Content } from "../content/manifest.ts";
import { isImageConfigType } from "../content/media-types.ts";
import { firstOf } from "../pull/resolve.ts";
import type { RegistrySettings } from "../settings.ts";

export type AskOptions = { credentials: Credentials; settings: RegistrySettings; signal: AbortSignal };

export async function describeImage(reference: Reference, { signal, ...access }: AskOptions) {
  const { client, answer } = await firstOf(openClients(reference, access), reference, signal, (one) =>
    one.manifest(reference.digest ?? reference.tag ?? "latest", reference.digest, signal),
  );
  const { mediaType, digest, bytes } = answer;
  const platforms = await platformsOf(client, answer, signal);
  return {
    Descriptor: { mediaType, digest, size: bytes.byteLength },
    Platforms: platforms.map(({ os, architecture, variant }) => ({
      architecture,
      os,
      ...(variant === "" ? {} : { variant }),
    })),
  };
}

async function platformsOf(client: RegistryClient, content: Content, signal: AbortSignal): Promise<Platform[]> {
  if (content.kind === "index")
    return imagesOf(content.manifests).flatMap(({ platform }) => (platform ? [platform] : []));
  if (!isImageConfigType(content.config.mediaType)) return [];
  const answer = await client.blob(content.config, null, signal);
  const { os, architecture, variant } = parseImageFile(await answer.bytes(maxConfigBytes));
  return [{ os, architecture, variant }];
}
