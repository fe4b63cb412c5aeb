/** An unpacked image archive, whatever its form, as images ready to be added. Nothing of it is trusted. */
import type { Digest } from "../../base/digest.ts";
import type { Platform } from "../config/platform.ts";
import { badArchive } from "../errors.ts";
import type { Reference } from "../reference/reference.ts";
import type { LayerSource } from "../store/add-image.ts";
import { type ArchiveFiles, openArchiveFiles } from "./archive-files.ts";
import { readDockerArchive } from "./docker-archive.ts";
import { readLegacyArchive } from "./legacy-archive.ts";
import { readOciLayout } from "./oci-layout.ts";

export type ArchiveImage = { config: Uint8Array; layers: LayerSource[]; names: Reference[] };

export type ReadOptions = {
  /** Null: the host's where there is a choice. */
  platform: Platform | null;
  /** Digest of a plain file, done by the native core. */
  digestFile(file: string): Promise<Digest>;
};

/** `manifest.json` first: archives with both forms keep their names there. */
export async function readArchive(directory: string, options: ReadOptions): Promise<ArchiveImage[]> {
  const files = openArchiveFiles(directory);
  const images = await readByForm(files, options);
  if (images.length === 0) throw badArchive("it holds no image");
  return images;
}

async function readByForm(files: ArchiveFiles, options: ReadOptions): Promise<ArchiveImage[]> {
  if (files.has("manifest.json")) return readDockerArchive(files, options.platform);
  if (files.has("index.json")) return readOciLayout(files, options.platform);
  if (files.has("repositories")) return readLegacyArchive(files, options.digestFile);
  throw badArchive("it has neither manifest.json nor index.json nor repositories");
}
