/** For tests: images in a registry, and pulls of them. */

import type { Platform } from "../../config/platform.ts";
import { parseReference, withDefaultTag } from "../../reference/reference.ts";
import { type Compression, compress, configOf, type TreeFiles, tarOf } from "../../testing/archives.ts";
import { openTestImages, type TestImages } from "../../testing/open-test-images.ts";
import { anonymous, type Credentials } from "../auth/credentials.ts";
import { pullImage } from "../pull/pull.ts";
import { defaultRegistrySettings, type RegistrySettings } from "../settings.ts";
import type { TestRegistry } from "./test-registry.ts";

export const ociManifest = "application/vnd.oci.image.manifest.v1+json";
export const ociIndex = "application/vnd.oci.image.index.v1+json";
export const ociConfig = "application/vnd.oci.image.config.v1+json";
export const ociLayer = "application/vnd.oci.image.layer.v1.tar";

/** Impatient, so that tests need not wait. */
export const testSettings: RegistrySettings = {
  ...defaultRegistrySettings,
  certificateDirectories: [],
  stallMs: 300,
  attempts: 4,
  backoffMs: 2,
};

/** Bytes that do not compress, so that sizes are what they seem. */
export function noise(bytes: number, seed = 1): Buffer {
  const words = new Int32Array(Math.ceil(bytes / 4));
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    words[at] = state ^ (state >>> 15);
  }
  return Buffer.from(words.buffer, 0, bytes);
}

export type PushedImage = { digest: string; layers: { digest: string; size: number }[] };

/** An image with a layer for each tree. */
export function addImage(
  registry: TestRegistry,
  trees: readonly TreeFiles[],
  options: { tags?: string[]; compression?: Compression; extra?: Record<string, unknown> } = {},
): PushedImage {
  const { tags = ["latest"], compression = "gzip", extra } = options;
  const tars = trees.map((tree) => Buffer.from(tarOf(tree)));
  const layers = tars.map((tar) => ({
    mediaType: compression === "none" ? ociLayer : `${ociLayer}+${compression}`,
    ...registry.addBlob(compress(tar, compression)),
  }));
  const config = { mediaType: ociConfig, ...registry.addBlob(configOf(tars, extra)) };
  const manifest = { schemaVersion: 2, mediaType: ociManifest, config, layers };
  return { ...registry.addManifest(manifest, ociManifest, ...tags), layers };
}

export type Pull = {
  name: string;
  credentials?: Credentials;
  platform?: Platform;
  signal?: AbortSignal;
  onStatus?: (status: string, currentBytes: number) => void;
};

/** A home whose pulls are impatient. */
export function openPullHome(settings: Partial<RegistrySettings> = {}): TestImages {
  return openTestImages({ registrySettings: { ...testSettings, ...settings } });
}

/** Answers the status lines. */
export async function pullFrom(at: TestImages, pull: Pull): Promise<string[]> {
  const lines: string[] = [];
  await pullImage(at.images, await at.images.registries(), withDefaultTag(parseReference(pull.name)), {
    platform: pull.platform ?? null,
    credentials: pull.credentials ?? anonymous,
    signal: pull.signal ?? new AbortController().signal,
    progress: {
      send({ status = "", id = "", progressDetail }) {
        lines.push(id === "" ? status : `${id}: ${status}`);
        pull.onStatus?.(status, progressDetail?.current ?? 0);
        return Promise.resolve();
      },
    },
  });
  return lines;
}
