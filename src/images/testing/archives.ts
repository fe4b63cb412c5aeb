/** For tests: archives of every form, and ways to break them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { sha256, tar } from "./tar-jobs.ts";

export type TreeFiles = Record<string, string | Uint8Array>;

export function tarOf(files: TreeFiles): Buffer {
  const directory = mkdtempSync(join(tmpdir(), "hbx-tar-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    return tar(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export type Compression = "none" | "gzip" | "zstd";

export function compress(bytes: Buffer, compression: Compression): Buffer {
  if (compression === "none") return bytes;
  return compression === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes);
}

export function configOf(layers: readonly Buffer[], extra: Record<string, unknown> = {}): string {
  return JSON.stringify({
    architecture: "amd64",
    os: "linux",
    created: "2026-01-02T03:04:05.678Z",
    config: { Cmd: ["/bin/sh"], Env: ["A=b"], Labels: { who: "test" } },
    rootfs: { type: "layers", diff_ids: layers.map(sha256) },
    history: layers.map((_, index) => ({ created: "2026-01-02T03:04:05Z", created_by: `step ${index}` })),
    ...extra,
  });
}

export function dockerArchive(
  names: string[] | null,
  layers: readonly Buffer[],
  extra?: Record<string, unknown>,
): TreeFiles {
  const config = configOf(layers, extra);
  const files: TreeFiles = {};
  const paths = layers.map((layer) => `${sha256(layer).slice(7)}/layer.tar`);
  layers.forEach((layer, index) => {
    files[paths[index] ?? ""] = layer;
  });
  const configName = `${sha256(Buffer.from(config)).slice(7)}.json`;
  files[configName] = config;
  files["manifest.json"] = JSON.stringify([{ Config: configName, RepoTags: names, Layers: paths }]);
  return files;
}

export type OciOptions = {
  annotations?: Record<string, string>;
  compression?: Compression;
  extra?: Record<string, unknown>;
  platform?: Record<string, string>;
};

const ociTypes = {
  none: "application/vnd.oci.image.layer.v1.tar",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
};

export function addBlob(files: TreeFiles, bytes: Uint8Array, mediaType: string) {
  const digest = sha256(bytes);
  files[`blobs/sha256/${digest.slice(7)}`] = bytes;
  return { mediaType, digest, size: bytes.byteLength };
}

/** Adds an image to an OCI layout; answers its manifest's descriptor. */
export function addOciImage(files: TreeFiles, layers: readonly Buffer[], options: OciOptions = {}) {
  const { compression = "none", extra, platform, annotations } = options;
  const config = addBlob(files, Buffer.from(configOf(layers, extra)), "application/vnd.oci.image.config.v1+json");
  const manifest = {
    schemaVersion: 2,
    config,
    layers: layers.map((layer) => addBlob(files, compress(layer, compression), ociTypes[compression])),
  };
  const descriptor = addBlob(
    files,
    Buffer.from(JSON.stringify(manifest)),
    "application/vnd.oci.image.manifest.v1+json",
  );
  return { ...descriptor, ...(platform ? { platform } : {}), ...(annotations ? { annotations } : {}) };
}

export function ociLayout(files: TreeFiles, manifests: readonly unknown[]): TreeFiles {
  files["oci-layout"] = '{"imageLayoutVersion":"1.0.0"}';
  files["index.json"] = JSON.stringify({ schemaVersion: 2, manifests });
  return files;
}
