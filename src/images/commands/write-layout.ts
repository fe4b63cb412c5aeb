/** The tar of an OCI layout as a directory. It is there when it is whole. */
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { Failure } from "../../cli/failure.ts";

export async function writeLayout(body: AsyncIterable<Uint8Array>, directory: string): Promise<void> {
  const there = await readdir(directory).catch(() => null);
  if (there !== null && there.length > 0)
    throw new Failure(`Cannot write ${directory}: it is there already and not empty`);
  const draft = `${directory.replace(/\/+$/, "")}.${process.pid}.part`;
  try {
    const unpack = extract();
    const fed = pipeline(Readable.from(body), unpack);
    fed.catch(() => undefined); // told by the loop, or below
    for await (const entry of unpack) {
      const { name, type } = entry.header;
      // The daemon writes no others; a layout has no use for them.
      if (!/^(?:[\w.-]+\/)*[\w.-]+\/?$/.test(name) || name.split("/").includes(".."))
        throw new Failure(`Cannot write ${directory}: the daemon sent the name ${JSON.stringify(name)}`);
      const path = join(draft, name);
      await mkdir(type === "directory" ? path : dirname(path), { recursive: true });
      if (type === "file") await pipeline(entry, createWriteStream(path));
      else entry.resume();
    }
    await fed;
    if (there !== null) await rm(directory, { recursive: true });
    await rename(draft, directory);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
