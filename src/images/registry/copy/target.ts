/** Where a copy goes: a registry, or a directory that becomes an archive. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { digestHex } from "../../../base/digest.ts";
import { familiarName, type Reference } from "../../reference/reference.ts";
import type { RegistryClient } from "../client.ts";
import type { Content, Descriptor } from "../content/manifest.ts";
import { badContent, wrongDigest } from "../errors.ts";
import { putManifest } from "../push/put-manifest.ts";
import { type Uploaded, uploadBlob } from "../push/upload-blob.ts";
import type { RegistrySettings } from "../settings.ts";
import type { BlobReader } from "./source.ts";

export type CopyBlob = {
  descriptor: Descriptor;
  open(): Promise<BlobReader>;
  signal: AbortSignal;
  onProgress(bytes: number): void;
};

export type CopyTarget = {
  blob(copy: CopyBlob): Promise<Uploaded>;
  content(content: Content, isRoot: boolean): Promise<void>;
};

export function createRegistryTarget(
  client: RegistryClient,
  reference: Reference,
  settings: RegistrySettings,
  neighbours: readonly string[],
  signal: AbortSignal,
): CopyTarget {
  return {
    async blob({ descriptor, open, signal: stop, onProgress }) {
      const { digest, size: sizeBytes } = descriptor;
      let reader: BlobReader | null = null;
      try {
        const read = async (offset: number, length: number) => {
          reader ??= await open();
          return await reader.read(offset, length);
        };
        return await uploadBlob(client, {
          ...{ source: { digest, sizeBytes, read }, neighbours, settings, onProgress },
          signal: stop,
        });
      } finally {
        await (reader as BlobReader | null)?.[Symbol.asyncDispose]();
      }
    },
    async content(content, isRoot) {
      if (isRoot && reference.digest !== null && reference.digest !== content.digest)
        throw wrongDigest(`the copy as ${familiarName(reference)}`, reference.digest, content.digest);
      await putManifest(client, content, isRoot && reference.tag !== null ? reference.tag : content.digest, signal);
    },
  };
}

const pieceBytes = 1024 * 1024;

/** An OCI layout; with `manifest.json` beside it where `docker` readers are to find it. */
export function createLayoutTarget(directory: string, name: string, docker: boolean): CopyTarget {
  const blobs = join(directory, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const write = (file: string, value: unknown) => writeFileSync(join(directory, file), JSON.stringify(value));
  return {
    async blob({ descriptor: { digest, size }, open: openBlob, onProgress }) {
      const path = join(blobs, digestHex(digest));
      if (existsSync(path)) return { how: "present" };
      await using reader = await openBlob();
      await using handle = await open(path, "wx", 0o600);
      const hash = createHash("sha256");
      for (let at = 0; at < size; ) {
        const piece = await reader.read(at, pieceBytes);
        if (piece.byteLength === 0) throw badContent(`the blob ${digest}`, `it ended ${size - at} bytes early`);
        hash.update(piece);
        for (let done = 0; done < piece.byteLength; ) done += (await handle.write(piece, done)).bytesWritten;
        at += piece.byteLength;
        onProgress(at);
      }
      const actual = `sha256:${hash.digest("hex")}`;
      if (actual !== digest) throw wrongDigest(`the blob ${digest}`, digest, actual);
      return { how: "sent" };
    },
    content(content, isRoot) {
      writeFileSync(join(blobs, digestHex(content.digest)), content.bytes);
      if (!isRoot) return Promise.resolve();
      const { mediaType, digest, bytes } = content;
      const annotations = name === "" ? {} : { annotations: { "org.opencontainers.image.ref.name": name } };
      write("oci-layout", { imageLayoutVersion: "1.0.0" });
      write("index.json", {
        schemaVersion: 2,
        manifests: [{ mediaType, digest, size: bytes.byteLength, ...annotations }],
      });
      if (docker) write("manifest.json", [dockerEntry(content, name)]);
      return Promise.resolve();
    },
  };
}

function dockerEntry(content: Content, name: string) {
  if (content.kind === "index") throw badContent("the copy", "a docker-archive holds one image, not an index");
  const blobName = ({ digest }: Descriptor) => `blobs/sha256/${digestHex(digest)}`;
  return {
    Config: blobName(content.config),
    RepoTags: name === "" ? null : [name],
    Layers: content.layers.map(blobName),
  };
}
