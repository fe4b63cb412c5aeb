/** A file or tree of ours as a tar stream. Links stay links; sockets have no place in a tar and are left out. */
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { type Header, pack as openPack, type Pack } from "tar-stream";

type Headers = Partial<Header> & { name: string };

/** `name` is what the topmost entry is called in the archive. */
export function packTree(root: string, name: string): AsyncIterable<Uint8Array> {
  const pack = openPack();
  addTree(pack, root, name, new Map()).then(
    () => pack.finalize(),
    (error: unknown) => pack.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return pack as AsyncIterable<Uint8Array>;
}

/** `seen` has the first name of each file with several. */
async function addTree(pack: Pack, path: string, name: string, seen: Map<string, string>): Promise<void> {
  const stat = await lstat(path);
  const header = { name, mode: stat.mode & 0o7777, mtime: stat.mtime, uid: stat.uid, gid: stat.gid };
  if (stat.isDirectory()) {
    await add(pack, { ...header, type: "directory" });
    for (const child of (await readdir(path)).sort()) await addTree(pack, join(path, child), `${name}/${child}`, seen);
  } else if (stat.isSymbolicLink()) await add(pack, { ...header, type: "symlink", linkname: await readlink(path) });
  else if (stat.isFile() && stat.nlink > 1) {
    const file = `${stat.dev}:${stat.ino}`;
    const first = seen.get(file);
    if (first !== undefined) return await add(pack, { ...header, type: "link", linkname: first });
    seen.set(file, name);
    await addFile(pack, { ...header, type: "file", size: stat.size }, path);
  } else if (stat.isFile()) await addFile(pack, { ...header, type: "file", size: stat.size }, path);
  else if (stat.isFIFO()) await add(pack, { ...header, type: "fifo" });
  else if (stat.isCharacterDevice() || stat.isBlockDevice()) {
    const type = stat.isBlockDevice() ? "block-device" : "character-device";
    await add(pack, { ...header, type, ...deviceNumbers(stat.rdev) });
  }
}

/** Linux packs them as glibc's makedev does. */
function deviceNumbers(rdev: number): { devmajor: number; devminor: number } {
  return { devmajor: (rdev >>> 8) & 0xfff, devminor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}

function add(pack: Pack, header: Headers): Promise<void> {
  return new Promise((resolve, reject) => {
    pack.entry(header, "", (error) => (error ? reject(error) : resolve()));
  });
}

/** Exactly as many bytes as the header says: a log that grows meanwhile is cut, one that shrank fails. */
async function addFile(pack: Pack, header: Headers & { size: number }, path: string): Promise<void> {
  if (header.size === 0) return await add(pack, header);
  const done = Promise.withResolvers<void>();
  const entry = pack.entry(header, (error) => (error ? done.reject(error) : done.resolve()));
  done.promise.catch(() => undefined);
  for await (const chunk of createReadStream(path, { end: header.size - 1, highWaterMark: 1024 * 1024 })) {
    if (!entry.write(chunk))
      await Promise.race([new Promise((resolve) => entry.once("drain", () => resolve(null))), done.promise]);
  }
  entry.end(undefined);
  await done.promise;
}
