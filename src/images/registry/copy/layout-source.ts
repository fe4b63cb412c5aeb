/** An unpacked archive as the source of a copy: an OCI layout, or what `docker save` writes. */
import { open } from "node:fs/promises";
import { type Digest, digestOf, isDigest } from "../../../base/digest.ts";
import { type ArchiveFiles, openArchiveFiles } from "../../archive/archive-files.ts";
import { maxConfigBytes } from "../../config/image-config.ts";
import { isObject } from "../../config/json-fields.ts";
import { badArchive } from "../../errors.ts";
import { canonicalName, parseReference, withDefaultTag } from "../../reference/reference.ts";
import { type Content, type Descriptor, maxManifestBytes, parseContent } from "../content/manifest.ts";
import { manifestTypes } from "../content/media-types.ts";
import type { BlobReader, CopySource } from "./source.ts";

/** `name`: which of several; empty for the only one. `digestFile` is the native core's. */
export async function openLayoutSource(
  directory: string,
  name: string,
  digestFile: (path: string) => Promise<Digest>,
): Promise<CopySource> {
  const files = openArchiveFiles(directory);
  if (files.has("index.json")) return layoutSource(files, name);
  if (files.has("manifest.json")) return await dockerSource(files, name, digestFile);
  throw badArchive("it has neither index.json nor manifest.json");
}

function layoutSource(files: ArchiveFiles, name: string): CopySource {
  const content = (digest: Digest, mediaType = "", size: number | null = null) =>
    parseContent(files.readBlob({ digest, size }, maxManifestBytes), mediaType, `the manifest ${digest}`);
  const index = parseContent(files.read("index.json", maxManifestBytes), manifestTypes.ociIndex, "index.json");
  if (index.kind !== "index") throw badArchive("index.json is no index");
  const root = chooseNamed(index.manifests, name, (entry) => [
    entry.annotations["org.opencontainers.image.ref.name"] ?? "",
    entry.annotations["io.containerd.image.name"] ?? "",
  ]);
  return {
    root: content(root.digest, root.mediaType, root.size),
    origin: null,
    content: (digest) => Promise.resolve(content(digest)),
    blob: ({ digest }) => openFile(files.path(files.blobName(digest))),
    referrers: (digest) =>
      Promise.resolve(
        index.manifests.filter((entry) => {
          if (entry.digest === root.digest) return false;
          return content(entry.digest, entry.mediaType).subject?.digest === digest;
        }),
      ),
  };
}

function chooseNamed<T>(list: readonly T[], name: string, namesOf: (entry: T) => readonly string[]): T {
  const found = name === "" ? list : list.filter((entry) => namesOf(entry).some((one) => sameName(one, name)));
  const [first] = found;
  if (first === undefined) throw badArchive(name === "" ? "it holds no image" : `it holds no image named ${name}`);
  if (found.length > 1 && name === "") throw badArchive("it holds several images: name one after its path");
  return first;
}

function sameName(one: string, wanted: string): boolean {
  if (one === wanted) return true;
  try {
    return canonicalName(withDefaultTag(parseReference(one))) === canonicalName(withDefaultTag(parseReference(wanted)));
  } catch {
    return false; // a bare tag is no reference
  }
}

type DockerEntry = { Config: string; Layers: string[]; RepoTags: string[] };

/** Its layers are plain tars: it never had a manifest of a registry, and gets the one that they make. */
async function dockerSource(
  files: ArchiveFiles,
  name: string,
  digestFile: (path: string) => Promise<Digest>,
): Promise<CopySource> {
  const list = files.readJson("manifest.json", maxManifestBytes);
  if (!Array.isArray(list)) throw badArchive("manifest.json is not a list");
  const entry = chooseNamed(list.map(dockerEntry), name, ({ RepoTags }) => RepoTags);
  const config = files.read(entry.Config, maxConfigBytes);
  const paths = new Map<Digest, string>([[digestOf(config), files.path(entry.Config)]]);
  const layers: { mediaType: string; digest: Digest; size: number }[] = [];
  for (const layer of entry.Layers) {
    const path = files.path(layer);
    const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(layer)?.[1];
    const announced = `sha256:${hex}`;
    const digest = isDigest(announced) ? announced : await digestFile(path);
    paths.set(digest, path);
    layers.push({ mediaType: await layerType(path), digest, size: files.size(layer) });
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestTypes.dockerManifest,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      size: config.byteLength,
      digest: digestOf(config),
    },
    layers,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  return {
    root: parseContent(bytes, manifestTypes.dockerManifest, "manifest.json"),
    origin: null,
    content: (digest): Promise<Content> => Promise.reject(badArchive(`it has no manifest ${digest}`)),
    blob: ({ digest }: Descriptor) => openFile(paths.get(digest) ?? ""),
    referrers: () => Promise.resolve([]),
  };
}

function dockerEntry(value: unknown): DockerEntry {
  const texts = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((item) => typeof item === "string");
  if (!isObject(value) || typeof value.Config !== "string" || !texts(value.Layers))
    throw badArchive("manifest.json has an entry without Config and Layers");
  return { Config: value.Config, Layers: value.Layers, RepoTags: texts(value.RepoTags) ? value.RepoTags : [] };
}

async function layerType(path: string): Promise<string> {
  await using reader = await openFile(path);
  const start = Buffer.from(await reader.read(0, 4));
  const plain = "application/vnd.docker.image.rootfs.diff.tar";
  if (start.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) return `${plain}.gzip`;
  return start.equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])) ? `${plain}.zstd` : plain;
}

async function openFile(path: string): Promise<BlobReader> {
  const handle = await open(path, "r");
  return {
    async read(offset, length) {
      const buffer = Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await handle.read(buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
