/** Files of an unpacked archive, reached by the names that the archive itself gives: never outside its directory. */
import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { type Digest, digestHex, digestOf } from "../../base/digest.ts";
import { badArchive, digestMismatch } from "../errors.ts";

export type ArchiveFiles = {
  has(name: string): boolean;
  /** The path of a regular file. Links that stay inside are followed, since older `docker save` wrote some. */
  path(name: string): string;
  size(name: string): number;
  read(name: string, limitBytes: number): Uint8Array;
  readJson(name: string, limitBytes: number): unknown;
  blobName(digest: Digest): string;
  /** Reads a blob and checks its digest, and its size where one was announced. */
  readBlob(blob: { digest: Digest; size: number | null }, limitBytes: number): Uint8Array;
};

export function openArchiveFiles(directory: string): ArchiveFiles {
  const root = realpathSync(directory);
  const path = (name: string): string => {
    const parts = name.split("/");
    if (name === "" || name.includes("\0") || name.startsWith("/") || parts.includes("..")) {
      throw badArchive(`it names the file ${JSON.stringify(name.slice(0, 200))}, which is not a path inside it`);
    }
    let real: string;
    try {
      real = realpathSync(join(root, name));
    } catch (cause) {
      throw badArchive(`it names the file ${JSON.stringify(name.slice(0, 200))}, which is missing`, cause);
    }
    if (!real.startsWith(root + sep)) throw badArchive(`the file ${JSON.stringify(name)} leads outside of it`);
    if (!lstatSync(real).isFile()) throw badArchive(`${JSON.stringify(name)} is not a regular file`);
    return real;
  };
  const files: ArchiveFiles = {
    has(name) {
      return lstatSync(join(root, name), { throwIfNoEntry: false })?.isFile() ?? false;
    },
    path,
    size: (name) => lstatSync(path(name)).size,
    read(name, limitBytes) {
      const file = path(name);
      const { size } = lstatSync(file);
      if (size > limitBytes)
        throw badArchive(`${name} has ${size} bytes, more than the ${limitBytes} that are allowed`);
      return readFileSync(file);
    },
    readJson: (name, limitBytes) => parseJson(files.read(name, limitBytes), name),
    blobName: (digest) => `blobs/sha256/${digestHex(digest)}`,
    readBlob({ digest, size }, limitBytes) {
      const name = files.blobName(digest);
      const bytes = files.read(name, limitBytes);
      if (size !== null && bytes.byteLength !== size) {
        throw badArchive(`the blob ${digest} has ${bytes.byteLength} bytes, but ${size} were announced`);
      }
      const actual = digestOf(bytes);
      if (actual !== digest) throw digestMismatch(`the blob ${name}`, digest, actual);
      return bytes;
    },
  };
  return files;
}

export function parseJson(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw badArchive(`${name} is not JSON`, cause);
  }
}
