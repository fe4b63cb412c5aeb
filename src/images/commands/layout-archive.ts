/** An OCI layout directory as the tar that the API takes, made while it is sent. */
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pack as openPack, type Pack } from "tar-stream";
import { Failure } from "../../cli/failure.ts";

/** Throws when the directory is no layout. Files that are no part of one are left out. */
export async function layoutArchive(dir: string): Promise<AsyncIterable<Uint8Array>> {
  const top = await readdir(dir);
  if (!top.includes("index.json") || !top.includes("oci-layout")) {
    throw new Failure(`Cannot load ${dir}: it is no OCI layout`, {
      hint: "such a directory has the files oci-layout and index.json",
    });
  }
  const pack = openPack();
  addLayout(pack, dir).then(
    () => pack.finalize(),
    (error: unknown) => pack.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return pack as AsyncIterable<Uint8Array>;
}

async function addLayout(pack: Pack, dir: string): Promise<void> {
  for (const name of ["oci-layout", "index.json"]) await addFile(pack, dir, name);
  for (const algorithm of await readdir(join(dir, "blobs"))) {
    for (const blob of await readdir(join(dir, "blobs", algorithm))) {
      await addFile(pack, dir, `blobs/${algorithm}/${blob}`);
    }
  }
}

async function addFile(pack: Pack, dir: string, name: string): Promise<void> {
  const path = join(dir, name);
  const { size } = await stat(path);
  const done = Promise.withResolvers<void>();
  const entry = pack.entry({ name, size }, (error) => (error ? done.reject(error) : done.resolve()));
  done.promise.catch(() => undefined);
  if (size > 0) {
    for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 1024 * 1024 })) {
      const drained = () => new Promise<void>((resolve) => entry.once("drain", () => resolve()));
      if (!entry.write(chunk)) await Promise.race([drained(), done.promise]);
    }
  }
  entry.end(undefined);
  await done.promise;
}
